/** Which of the files that somebody drops is the image, and which its seal. */

/** As much of a file as matters here. */
interface Named {
  readonly name: string;
}

export type Chosen<F extends Named> =
  | { readonly image: F; readonly seal?: F | undefined }
  /** There is no image yet: what to say; and the seal that waits for it. */
  | { readonly note: string; readonly seal?: F | undefined };

/** @param waiting - a seal that was chosen before */
export function chosenFiles<F extends Named>(files: readonly F[], waiting?: F): Chosen<F> {
  const seals = files.filter(({ name }) => /\.seal$/i.test(name));
  const images = files.filter((file) => !seals.includes(file));
  const [image] = images;
  const seal = seals[0] ?? waiting;
  if (images.length > 1)
    return { note: 'Choose one file at a time, and with it the one that ends in .seal if there is one.', seal: waiting };
  if (seals.length > 1) return { note: 'There are several files that end in .seal: choose the one that belongs to your download.' };
  if (image) return { image, seal };
  if (seal) return { note: `“${seal.name}” is the seal alone. Choose the file that it belongs to as well.`, seal };
  return { note: 'No file was chosen. A folder cannot be checked: choose the downloaded file itself.' };
}
