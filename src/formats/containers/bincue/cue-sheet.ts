/**
 * Cue sheets: which file holds a disc's tracks, and in what form. Source: the CDRWIN user's guide, appendix A, as far as one data
 * track needs it. Sheets with further tracks or files, with audio or with gaps are refused by name.
 */
import { DisksealError } from '../../../core/errors.ts';

export type TrackMode = 'MODE1/2352' | 'MODE1/2048';

export interface CueSheet {
  /** The image's file name, beside the sheet. */
  readonly file: string;
  readonly mode: TrackMode;
}

/** More than any sheet with one track needs. Bytes. */
export const CUE_LIMIT = 65_536;

/** @param file - a name without folder, quotation mark or control character @throws DisksealError `E_BINCUE` for any other */
export function writeCueSheet({ file, mode }: CueSheet): string {
  if (!isPlainName(file)) throw malformed(`"${file}" cannot stand in a cue sheet`, undefined);
  return [`FILE "${file}" BINARY`, `  TRACK 01 ${mode}`, '    INDEX 01 00:00:00', ''].join('\r\n');
}

/** @throws DisksealError `E_BINCUE` with the line that cannot be understood or is not supported */
export function readCueSheet(text: string): CueSheet {
  if (text.length > CUE_LIMIT) throw malformed(`a cue sheet of ${text.length} characters: at most ${CUE_LIMIT}`, undefined);
  const found: { file?: string; mode?: TrackMode; index?: boolean } = {};
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = raw.trim();
    if (line !== '' && !DESCRIPTIVE.test(line)) readLine(line, index + 1, found);
  }
  const { file, mode } = found;
  if (file === undefined || mode === undefined || !found.index) throw malformed('the cue sheet lacks FILE, TRACK or INDEX 01', undefined);
  return { file, mode };
}

/** What only describes the disc. */
const DESCRIPTIVE = /^(REM|CATALOG|TITLE|PERFORMER|SONGWRITER|CDTEXTFILE|ISRC|FLAGS)\b/i;

function readLine(line: string, number: number, found: { file?: string; mode?: TrackMode; index?: boolean }): void {
  const file = /^FILE\s+(?:"([^"]+)"|(\S+))\s+BINARY$/i.exec(line);
  const track = /^TRACK\s+0?1\s+(\S+)$/i.exec(line);
  if (file && found.file === undefined) found.file = nameIn(file[1] ?? file[2]!, number);
  else if (track && found.mode === undefined) found.mode = modeIn(track[1]!, number);
  else if (/^INDEX\s+0?1\s+00:00:00$/i.test(line) && !found.index) found.index = true;
  else throw malformed(`"${line.slice(0, 80)}" is not what the sheet of one data track holds`, number);
}

function nameIn(name: string, line: number): string {
  if (!isPlainName(name)) throw malformed('FILE leads out of the folder of the sheet', line);
  return name;
}

function modeIn(mode: string, line: number): TrackMode {
  const upper = mode.toUpperCase();
  if (upper === 'MODE1/2352' || upper === 'MODE1/2048') return upper;
  throw malformed(`a track of ${upper.slice(0, 40)}, which is not read`, line);
}

function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/["/\\\p{Cc}]/u.test(name);
}

function malformed(message: string, line: number | undefined): DisksealError {
  return new DisksealError('E_BINCUE', message, { line, hint: 'a sheet with one track, MODE1/2352 or MODE1/2048, can be read' });
}
