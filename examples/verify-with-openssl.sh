#!/usr/bin/env bash
# Checks the seal of a DMG with openssl 3, sha256sum and the usual text tools: a second opinion that shares no code with diskseal.
#
#   verify-with-openssl.sh IMAGE ROOT.pem SHA256-OF-THE-SIGNER
#
# ROOT.pem is the root certificate that you trust, the last word the SHA-256 of the publisher's certificate (hexadecimal, with or
# without colons). Get both from the publisher, not from where the image came from. docs/seal-format.md explains every step.
#
# Exit codes are those of diskseal: 0 sealed, intact, by this signer; 2 usage; 3 cannot read; 10 no seal; 20 container or uncovered
# bytes; 21 content; 22 seal malformed; 23 signature; 30 certificate; 31 another signer; 32 expired; 35 weak; 50 an Apple signature.
# What it does not do: revocation and unsigned attributes (timestamps) are not checked; the tree is not needed, because the whole
# image is hashed, so the leaf table is not checked either; several signers are refused; the certificate path and the DER of the
# signature are judged as openssl judges them, and certificates beside the path not at all; direction marks in the version are
# not looked for; the clock of today decides; the volume inside is not opened.
set -euo pipefail
export LC_ALL=C

refuse() { printf 'verify-with-openssl: error: %s\n' "$2" >&2; exit "$1"; }
ok() { printf 'ok    %s\n' "$1"; }

[ $# = 3 ] || refuse 2 'usage: verify-with-openssl.sh IMAGE ROOT.pem SHA256-OF-THE-SIGNER'
image=$1 root=$2
wanted=$(printf %s "${3#sha256:}" | tr -d ':' | tr 'A-F' 'a-f')
[[ $wanted =~ ^[0-9a-f]{64}$ ]] || refuse 2 "not a SHA-256: $3"
[ -f "$image" ] && [ -r "$image" ] || refuse 3 "cannot read $image"
[ -f "$root" ] && [ -r "$root" ] || refuse 3 "cannot read $root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bytes() { tail -c "+$(($1 + 1))" "$image" 2>/dev/null | head -c "$2" || true; } # OFFSET LENGTH
hex() { bytes "$1" "$2" | od -An -v -tx1 | tr -d ' \n'; }
number() { # OFFSET: eight bytes, big-endian, at most 2^53-1
  local digits
  digits=$(hex "$1" 8)
  [[ $digits =~ ^00[01][0-9a-f]{13}$ ]] || refuse 20 "not a size that a file can have, at byte $1"
  printf %d "0x$digits"
}
digest() { sha256sum | cut -d ' ' -f 1; }

# --- the trailer, and what follows from it ---------------------------------------------------------------------------
size=$(($(wc -c <"$image")))
[ "$size" -ge 512 ] || refuse 10 'too short for a disk image'
koly=$((size - 512))
[ "$(bytes "$koly" 4 | tr -d '\0')" = koly ] || refuse 10 'the file does not end as a DMG does'
[[ $(hex $((koly + 296)) 16) =~ ^0+$ ]] || refuse 50 'there is an Apple signature, which this recipe does not judge'
xml=$(number $((koly + 216))) xml_length=$(number $((koly + 224)))
resources=$(number $((koly + 40))) resources_length=$(number $((koly + 48)))
end=$((xml + xml_length))
if [ "$resources_length" -gt 0 ] && [ "$resources" = "$end" ]; then end=$((end + resources_length)); fi
[ "$end" = "$koly" ] || refuse 20 'bytes before the trailer belong to nothing'

footer=$((xml - 64))
[ "$footer" -ge 64 ] && [ "$(bytes "$footer" 8 | tr -d '\0')" = DSEALFTR ] || refuse 10 'the image has no seal'
area=$(number $((footer + 16))) content=$(number $((footer + 24))) dressing=$(number $((footer + 32)))
table=$(number $((footer + 40))) cms=$(number $((footer + 48)))
[ "$area" -le "$xml" ] && [ $((area % 2048)) = 0 ] || refuse 22 'the seal does not fit the image'
header=$((xml - area))
[ "$(number $((koly + 24)))" = 0 ] && [ "$(number $((koly + 32)))" = "$header" ] || refuse 20 'the data fork does not end where the seal begins'
tail_length=$((size - xml))
leaves=$(((header + 65535) / 65536 + (tail_length + 65535) / 65536))
[ "$table" = $((32 * leaves)) ] || refuse 22 'the leaf table has another length than the image asks for'
cms_at=$((header + 64 + content + dressing + table)) slack_at=$((header + 64 + content + dressing + table + cms))
[ "$slack_at" -le "$footer" ] && [ $((footer - cms_at)) -ge 65536 ] && [ "$cms" -ge 1 ] && [ "$cms" -le 1048576 ] ||
  refuse 22 'the parts of the seal do not fit'

# Header and footer: the same but for magic and checksum, version 1, the reserved bytes zero, both checksums right (gzip ends with a CRC-32).
[ "$(bytes "$header" 8 | tr -d '\0')" = DSEALHDR ] || refuse 22 'the seal has no header'
[ "$(hex $((header + 16)) 48)" = "$(hex $((footer + 16)) 48)" ] || refuse 22 'header and footer differ'
[[ $(hex $((footer + 56)) 8) =~ ^0+$ ]] || refuse 22 'reserved bytes are not zero'
for mark in "$header" "$footer"; do
  [ "$(hex $((mark + 8)) 4)" = 00000001 ] || refuse 22 'the seal has another version'
  crc=$({ bytes "$mark" 12; printf '\0\0\0\0'; bytes $((mark + 16)) 48; } | gzip -nc | tail -c 8 | head -c 4 | od -An -tx1 | tr -d '\n')
  read -r c0 c1 c2 c3 <<<"$crc"
  [ "$(hex $((mark + 12)) 4)" = "$c3$c2$c1$c0" ] || refuse 22 'a checksum of the seal is wrong'
done
[ "$(bytes "$slack_at" $((footer - slack_at)) | tr -d '\0' | wc -c)" -eq 0 ] || refuse 22 'the slack after the signature is not zero'
ok "seal      $area bytes at $header; every other byte must be covered"

# --- the signature ------------------------------------------------------------------------------------------------------
bytes "$cms_at" "$cms" >"$work/cms"
outer=$(openssl asn1parse -inform DER -in "$work/cms" 2>/dev/null | head -n 1 || true)
[[ $outer =~ ^\ *0:d=0\ +hl=([0-9]+)\ +l=\ *([0-9]+)\ +cons:\ SEQUENCE ]] || refuse 22 'the signature is no DER'
[ $((BASH_REMATCH[1] + BASH_REMATCH[2])) = "$cms" ] || refuse 22 'bytes follow the DER of the signature'
# -noverify: is the signature right at all? The certificate is judged below.
openssl cms -verify -binary -inform DER -in "$work/cms" -noverify -out "$work/statement" 2>"$work/said" ||
  refuse 23 "the signature is wrong: $(tail -n 1 "$work/said")"

openssl cms -cmsout -print -inform DER -in "$work/cms" -noout >"$work/printed" 2>/dev/null
signers=$(sed -n '/^    signerInfos:/,$p' "$work/printed")
[ "$(grep -c '^        digestAlgorithm:' <<<"$signers")" = 1 ] || refuse 22 'not exactly one signer'
grep -q '^      eContentType: pkcs7-data' "$work/printed" || refuse 22 'the content is of another type'
signed=$(sed -n '/^        signedAttrs:/,/^        signatureAlgorithm:/p' <<<"$signers")
for attribute in contentType messageDigest signingCertificateV2; do
  grep -q "object: .*$attribute" <<<"$signed" || refuse 22 "the signed attribute $attribute is missing"
done
hash=$(sed -n '/^        digestAlgorithm:/{n;s/^ *algorithm: \([a-z0-9]*\) .*/\1/p}' <<<"$signers")
[[ $hash =~ ^sha(256|384|512)$ ]] || refuse 35 "the digest is ${hash:-unknown}"

# Without -no-CApath and -no-CAstore a certificate from one of the system's authorities would do.
openssl cms -verify -binary -inform DER -in "$work/cms" -CAfile "$root" -no-CApath -no-CAstore -purpose any \
  -signer "$work/signer.pem" -out "$work/statement" 2>"$work/said" || {
  if grep -q 'expired\|not yet valid' "$work/said"; then refuse 32 'a certificate is not valid now'; fi
  refuse 30 "no path to the root: $(grep -o 'Verify error:.*' "$work/said" || tail -n 1 "$work/said")"
}
[ "$(grep -c 'BEGIN CERTIFICATE' "$work/signer.pem")" = 1 ] || refuse 22 'not exactly one signer'
extension() { openssl x509 -in "$work/signer.pem" -noout -ext "$1" 2>/dev/null || true; }
grep -q 'Code Signing' <<<"$(extension extendedKeyUsage)" || refuse 30 'the certificate is not for code signing'
grep -q 'Digital Signature' <<<"$(extension keyUsage)" || refuse 30 'the key is not for digital signatures'
key=$(openssl x509 -in "$work/signer.pem" -noout -text)
if grep -q 'Public Key Algorithm: rsaEncryption' <<<"$key"; then
  bits=$(sed -n 's/.*Public-Key: (\([0-9]*\) bit).*/\1/p' <<<"$key")
  [ "${bits:-0}" -ge 3072 ] && [ "$bits" -le 8192 ] || refuse 35 "an RSA key of ${bits:-unknown} bits"
else
  grep -q 'ASN1 OID: \(prime256v1\|secp384r1\)' <<<"$key" || refuse 35 'a key of another kind than P-256, P-384 and RSA'
fi
found=$(openssl x509 -in "$work/signer.pem" -noout -fingerprint -sha256 | sed 's/.*=//' | tr -d ':' | tr 'A-F' 'a-f')
[ "$found" = "$wanted" ] || refuse 31 "signed by another certificate: sha256:$found"
ok "signature $hash by $(openssl x509 -in "$work/signer.pem" -noout -subject -nameopt utf8,sep_comma_plus | sed 's/^subject=//')"

# --- the statement: canonical JSON with a closed set of members, so one pattern describes all of it -------------------------
[ "$(head -c 2 "$work/statement")" = '{"' ] || refuse 22 'what was signed is no statement'
statement=$(tr -d '\0' <"$work/statement"; printf x)
statement=${statement%x}
[ "${#statement}" = "$(($(wc -c <"$work/statement")))" ] && ! [[ $statement =~ [[:cntrl:]] ]] || refuse 22 'the statement has control characters'
if [[ $statement =~ ,\"critical\":\[[^]] ]]; then refuse 22 'the statement has a critical part that this recipe does not know'; fi
number_p='(0|[1-9][0-9]{0,15})' digest_p='([0-9a-f]{64})' token_p='([a-z0-9][a-z0-9._-]{0,63})'
inventory_p="\\{\"bytes\":$number_p,\"digest\":\"$digest_p\",\"entries\":$number_p\\}"
covered="\\[\\[0,$header\\],\\[$xml,$tail_length\\]\\]"
pattern="^\\{\"apple\":\"none\",\"arch\":\"$token_p\",(\"build\":$number_p,)?\"channel\":\"$token_p\",\"content\":$inventory_p,\"covered\":$covered"
pattern+=",(\"critical\":\\[\\],)?\"dressing\":$inventory_p,\"flat\":\"$digest_p\",\"format\":\"dmg\",\"imageSize\":$size"
pattern+="(,\"keys\":\\[\"[0-9a-f]{64}\"(,\"[0-9a-f]{64}\")*\\])?"
pattern+=",\"masked\":\\[\\[$((size - 216)),16\\]\\],\"placement\":\"embedded\",\"platform\":\"$token_p\",\"product\":\"([a-z0-9.-]{1,255})\""
pattern+=",\"seal\":\\{\"offset\":$header,\"size\":$area\\},\"tree\":\\{\"algorithm\":\"rfc9162-sha256\",\"chunk\":65536,\"leaves\":$leaves"
pattern+=",\"root\":\"$digest_p\"\\},\"type\":\"diskseal/seal/1\",\"version\":\"(([^\"\\\\]|\\\\[\"\\\\])+)\"\\}$"
[[ $statement =~ $pattern ]] || refuse 22 'the statement is malformed, or says of the image what is not so'
content_bytes=${BASH_REMATCH[5]} content_digest=${BASH_REMATCH[6]}
dressing_bytes=${BASH_REMATCH[9]} dressing_digest=${BASH_REMATCH[10]} flat=${BASH_REMATCH[12]}
product=${BASH_REMATCH[16]} version=${BASH_REMATCH[18]}
[ "$content_bytes" = "$content" ] && [ "$dressing_bytes" = "$dressing" ] || refuse 22 'an inventory has another length than was signed'
[ "$(bytes $((header + 64)) "$content" | digest)" = "$content_digest" ] &&
  [ "$(bytes $((header + 64 + content)) "$dressing" | digest)" = "$dressing_digest" ] || refuse 22 'an inventory is not the one that was signed'
ok "statement $product $version, about exactly this image"

# --- the content: all bytes but the seal. The masked bytes of the trailer are zero already, see above. ---------------------
[ "$({ bytes 0 "$header"; bytes "$xml" "$tail_length"; } | digest)" = "$flat" ] || refuse 21 'the content is not what was signed'
ok 'content   every byte is as it was signed'
