/**
 * Region codes, which say whose licence one is: Script.h of Apple's headers ("verUS" and so on), as far as a licence was ever seen with
 * them. What the system shows follows from the reader's languages.
 */
import { closest, meant } from '../../core/closest-word.ts';
import { DisksealError } from '../../core/errors.ts';
import type { MacEncoding } from './mac-encoding.ts';

export interface Region {
  readonly code: number;
  /** Language and country, as in `pt_BR`. */
  readonly locale: string;
  /** What the texts beside the licence are in. */
  readonly encoding: MacEncoding;
}

const LOCALES: Readonly<Record<MacEncoding, Readonly<Record<string, number>>>> = {
  roman: {
    en_US: 0,
    fr_FR: 1,
    en_GB: 2,
    de_DE: 3,
    it_IT: 4,
    nl_NL: 5,
    nl_BE: 6,
    sv_SE: 7,
    es_ES: 8,
    da_DK: 9,
    pt_PT: 10,
    fr_CA: 11,
    nb_NO: 12,
    en_AU: 15,
    fi_FI: 17,
    fr_CH: 18,
    de_CH: 19,
    pt_BR: 71,
    ca_ES: 73,
    en_CA: 82,
    es_419: 86,
    de_AT: 92,
  },
  japanese: { ja_JP: 14 },
  korean: { ko_KR: 51 },
  simplifiedChinese: { zh_CN: 52 },
  traditionalChinese: { zh_TW: 53 },
  cyrillic: { ru_RU: 49, be_BY: 61, uk_UA: 62, sr_RS: 65, bg_BG: 72 },
  greek: { el_GR: 20 },
  icelandic: { is_IS: 21 },
  turkish: { tr_TR: 24 },
  romanian: { ro_RO: 39 },
  centralEuropean: { lt_LT: 41, pl_PL: 42, hu_HU: 43, et_EE: 44, lv_LV: 45, cs_CZ: 56, sk_SK: 57 },
  croatian: { sl_SI: 66, hr_HR: 68 },
  ascii: { he_IL: 13, ar_SA: 16, th_TH: 54, vi_VN: 97 },
};

/** Other names of the same, beside the language alone. */
const ALIASES: Readonly<Record<string, string>> = {
  no: 'nb_NO',
  no_NO: 'nb_NO',
  zh: 'zh_CN',
  zh_Hans: 'zh_CN',
  zh_Hant: 'zh_TW',
  zh_HK: 'zh_TW',
};

const REGIONS: readonly Region[] = Object.entries(LOCALES).flatMap(([encoding, locales]) =>
  Object.entries(locales).map(([locale, code]) => ({ code, locale, encoding: encoding as MacEncoding })),
);

/**
 * @param name - `ja_JP`, `ja-JP`, or the language alone where it says enough: the first country above is meant
 * @throws DisksealError `E_MANIFEST` for one that has no region code
 */
export function regionOf(name: string): Region {
  const spelled = name.replaceAll('-', '_');
  const locale = ALIASES[spelled] ?? spelled;
  const found = REGIONS.find((region) => region.locale === locale) ?? REGIONS.find((region) => region.locale.split('_')[0] === locale);
  if (found) return found;
  const locales = REGIONS.map((region) => region.locale);
  const near = closest(spelled, locales);
  const hint = near === undefined ? `known are ${locales.sort().join(', ')}` : meant(near);
  throw new DisksealError('E_MANIFEST', `a licence cannot be for ${JSON.stringify(name)}: no such language and country`, { hint });
}

export function regionWithCode(code: number): Region | undefined {
  return REGIONS.find((region) => region.code === code);
}

/** Which readers see two-byte text; the third word of an entry in LPic says so. */
export function isTwoByte({ encoding }: Region): boolean {
  return /^(?:japanese|korean|simplifiedChinese|traditionalChinese)$/.test(encoding);
}
