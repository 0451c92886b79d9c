/**
 * When this version was released: no clock can be right that is behind it (docs/seal-format.md section 8). A constant of the source
 * and no product of the build, so that the same sources give the same program. A test holds it to CHANGELOG.md.
 */
export const RELEASE_DATE = '2026-11-01';

/** Unix seconds. */
export const RELEASED = Date.parse(`${RELEASE_DATE}T00:00:00Z`) / 1000;
