/**
 * The resources of a licence. Sources: an image that DMG Canvas made (SparkleTestCodeSignApp.dmg), Inside Macintosh: Text (TextEdit's
 * scrap for `styl`).
 */
import { array, field, i16be, struct, u8, u16be, u32be } from '../../core/struct.ts';

/** Ids count from here: the first language's resources have it, the next language's one more. */
export const FIRST_ID = 5000;

export const LPicHeader = struct(
  { name: 'LPic', size: 4, spec: 'licence, table of languages' },
  {
    defaultRegion: field(i16be, 'region code of the licence for everybody else'),
    count: field(u16be, 'languages that follow'),
  },
);

export const LPicEntry = struct(
  { name: 'LPicEntry', size: 6, spec: 'licence, table of languages' },
  {
    region: field(i16be, 'region code'),
    resource: field(i16be, 'id of its resources, less 5000'),
    twoByte: field(i16be, '1 for Chinese, Japanese and Korean'),
  },
);

export const StyleRun = struct(
  { name: 'StyleRun', size: 20, spec: 'Inside Macintosh: Text, 2-77 (ScrpSTElement)' },
  {
    start: field(u32be, 'first character'),
    lineHeight: field(i16be, 'points'),
    ascent: field(i16be, 'points'),
    font: field(i16be, 'family; 21 is Helvetica'),
    face: field(u8, 'bits: bold, italic and so on'),
    filler: field(u8),
    size: field(i16be, 'points'),
    colour: field(array(u16be, 3), 'red, green, blue'),
  },
);
