/** What each verdict means for somebody who has never heard of a certificate, and what to do about it. */

import type { PageVerdict } from './messages.ts';
import type { PageSettings } from './page-settings.ts';

/** `good`: open it. `doubt`: nothing is proven. `bad`: something is wrong. */
export type Tone = 'good' | 'doubt' | 'bad';

export interface Words {
  readonly tone: Tone;
  readonly heading: string;
  readonly meaning: string;
  readonly advice: readonly string[];
}

/** What the words are about; everything may be shown. */
export interface Subject extends Pick<PageSettings, 'productName' | 'publisherName'> {
  /** As the statement says it; absent when nothing could be believed. */
  readonly product?: string | undefined;
  readonly version?: string | undefined;
  /** The signer's name, whoever it is. */
  readonly signer?: string | undefined;
}

const DO_NOT_OPEN = 'Do not open it.';

export function wordsFor(
  { exitCode, code, demonstration }: Pick<PageVerdict, 'exitCode' | 'code' | 'demonstration'>,
  subject: Subject,
): Words {
  if (exitCode === 0) return demonstration ? exampleKey() : genuine(subject);
  if (code === 'E_UNSUPPORTED') return unsupported(subject);
  return (REFUSALS[exitCode] ?? internal)(subject);
}

function genuine({ productName, publisherName, version }: Subject): Words {
  return {
    tone: 'good',
    heading: 'Genuine and unchanged',
    meaning: `This is ${productName} ${version ?? ''}, exactly as ${publisherName} sealed it. Nothing was added, changed or taken away since.`,
    advice: [
      'You can open it.',
      'The seal says who made this file. It does not say that the file is free of mistakes: install software only from people you trust.',
    ],
  };
}

function exampleKey(): Words {
  return {
    tone: 'doubt',
    heading: 'Sealed with an example key',
    meaning: 'Everybody has the key that sealed this file, so anybody can have made it. The seal proves nothing.',
    advice: [DO_NOT_OPEN, 'Use it only if you made it yourself to try something out.'],
  };
}

function unsupported({ publisherName }: Subject): Words {
  return {
    tone: 'doubt',
    heading: 'This page cannot judge the file',
    meaning: 'It uses something that this browser, or this page, does not know. That says nothing against the file, and nothing for it.',
    advice: [
      'Try a current version of another browser.',
      `Or ask ${publisherName} for another way to check it. Until then, do not open it.`,
    ],
  };
}

function internal(): Words {
  return {
    tone: 'doubt',
    heading: 'The check could not be finished',
    meaning: 'Something went wrong in this page or in the browser. That says nothing about the file.',
    advice: ['Load this page again and choose the file once more.', 'Until a check succeeds, do not open the file.'],
  };
}

/** Where a broken download is as likely as ill will. */
function again({ publisherName }: Subject): string[] {
  return [
    DO_NOT_OPEN,
    `Download it again from ${publisherName}’s own site, and check the new file here.`,
    `If the answer stays the same, tell ${publisherName}, by an address that you did not get from this file.`,
  ];
}

const REFUSALS: Readonly<Record<number, (subject: Subject) => Words>> = {
  3: () => ({
    tone: 'doubt',
    heading: 'The file could not be read',
    meaning: 'It changed, moved or disappeared while it was read, or this browser may not read it.',
    advice: ['Wait until the download is complete, and choose the file again.', 'Until a check succeeds, do not open it.'],
  }),
  10: (subject) => ({
    tone: 'doubt',
    heading: 'No seal found',
    meaning:
      'Nothing in this file says who made it, so there is nothing to check. It may have been made without a seal, the download may have stopped early, or somebody may have put another file in its place.',
    advice: [DO_NOT_OPEN, 'If a file whose name ends in .seal belongs to it, choose both files together.', ...again(subject).slice(1)],
  }),
  20: (subject) => ({
    tone: 'bad',
    heading: 'Incomplete, damaged or added to',
    meaning: 'The file is not put together as a sealed image is: parts are missing, or there are bytes that the seal does not account for.',
    advice: again(subject),
  }),
  21: (subject) => ({
    tone: 'bad',
    heading: 'Changed since it was sealed',
    meaning: `The seal is ${subject.publisherName}’s, but the content is not what was sealed. A download can break; or somebody changed it on purpose.`,
    advice: again(subject),
  }),
  22: (subject) => ({
    tone: 'bad',
    heading: 'The seal is damaged',
    meaning: 'The seal is not as a seal must be. The programs that make seals do not make such ones, so it was damaged or tampered with.',
    advice: again(subject),
  }),
  23: (subject) => ({
    tone: 'bad',
    heading: 'The signature is wrong',
    meaning: 'The signature in the seal does not belong to what it stands for: it was changed, or made up.',
    advice: again(subject),
  }),
  30: (subject) => ({
    tone: 'bad',
    heading: `Not shown to be ${subject.publisherName}’s`,
    meaning: `${signedBy(subject)}, and nobody whom this page trusts vouches for that name. Anybody can make a certificate with any name in it.`,
    advice: again(subject),
  }),
  31: (subject) => ({
    tone: 'bad',
    heading: `Not sealed by ${subject.publisherName}`,
    meaning: `${signedBy(subject)}. That is somebody else than this page is about.`,
    advice: again(subject),
  }),
  32: ({ publisherName }) => ({
    tone: 'doubt',
    heading: 'The seal is out of date',
    meaning:
      'The certificate behind the seal is not valid today, and no proof of time that this page trusts says that the seal was made while it was.',
    advice: [
      'See whether the date of this device is right.',
      `Get the current version from ${publisherName}’s own site.`,
      'Until then, do not open this one.',
    ],
  }),
  33: (subject) => ({
    tone: 'bad',
    heading: 'The certificate was withdrawn',
    meaning: 'Who issued the certificate behind this seal has taken it back: its key may be in the wrong hands.',
    advice: again(subject),
  }),
  34: (subject) => ({
    tone: 'bad',
    heading: 'The proof of time is wrong',
    meaning: 'The seal carries a timestamp that does not belong to it, or that is not as a timestamp must be.',
    advice: again(subject),
  }),
  35: (subject) => ({
    tone: 'bad',
    heading: 'Sealed by a method that is too weak',
    meaning: 'The key or the method behind this seal can be forged with the means of today, so it proves nothing.',
    advice: again(subject),
  }),
  40: ({ product, productName, publisherName }) => ({
    tone: 'bad',
    heading: 'Another product',
    meaning: `The seal is right, but it is about ${product ?? 'something else'}. This page checks ${productName}.`,
    advice: [DO_NOT_OPEN, `If you wanted ${productName}, get it from ${publisherName}’s own site.`],
  }),
  50: ({ publisherName }) => ({
    tone: 'doubt',
    heading: 'An Apple signature that this page cannot judge',
    meaning:
      'After it was sealed, the file was signed in Apple’s way too. This page does not look into such signatures, and so it cannot account for every byte.',
    advice: [`Ask ${publisherName} for another way to check it. Until then, do not open it.`],
  }),
};

function signedBy({ signer }: Subject): string {
  return signer === undefined ? 'The seal names no signer' : `The seal was made by “${signer}”`;
}
