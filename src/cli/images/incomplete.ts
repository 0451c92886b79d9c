/**
 * The channel on which an image is sealed whose disk could not be read whole: no image with holes looks like a whole one, to people or to
 * a policy that wants another channel.
 */
export const INCOMPLETE = 'incomplete';
