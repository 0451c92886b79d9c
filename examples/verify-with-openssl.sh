#!/bin/sh
# Checks the seal of a disk image with openssl 3, sha256sum (or shasum) and the usual text tools of any POSIX system: a second
# opinion that shares no code with diskseal. It knows DMG, ISO and raw images, and seals in a file of their own.
#
#   verify-with-openssl.sh [--seal SEAL] IMAGE ROOT.pem SHA256-OF-THE-SIGNER
#   verify.sh [--seal SEAL] IMAGE         the same program with certificates and names in it: "diskseal verifier -o verify.sh"
#
# ROOT.pem is the root certificate that you trust, the last word the SHA-256 of the publisher's certificate (hexadecimal, with or
# without colons). Get both from the publisher, not from where the image came from; the same goes for verify.sh: a script that
# comes from where the image came from adds nothing against that place's compromise. docs/seal-format.md explains every step.
#
# Exit codes are those of diskseal: 0 sealed, intact, by this signer; 2 usage; 3 cannot read; 10 no seal; 20 container or uncovered
# bytes; 21 content; 22 seal malformed; 23 signature; 30 certificate; 31 another signer; 32 expired; 35 weak; 40 another product;
# 50 an Apple signature. The first fault ends it, so that of several another one may be named than diskseal names.
# What it does not do: revocation and unsigned attributes (timestamps) are not checked; the tree is not needed, because the whole
# image is hashed, so the leaf table is not checked either; several signers are refused; the certificate path and the DER of the
# signature are judged as openssl judges them, and certificates beside the path not at all; the clock of today decides; the volume
# inside is not opened. The file must not be changed by others while it is read.
set -eu
export LC_ALL=C
unset OPENSSL_CONF OPENSSL_MODULES

# --- whom to believe: empty means that the command line says it ---
roots='' publishers='' products=''
# --- end of what "diskseal verifier" fills in ---

name=${0##*/}
refuse() { printf '%s: error: %s\n' "${name%.sh}" "$2" >&2; exit "$1"; }
ok() { printf 'ok    %s\n' "$1"; }
usage() {
  if [ -n "$roots" ]; then refuse 2 "usage: $name [--seal SEAL] IMAGE"; fi
  refuse 2 "usage: $name [--seal SEAL] IMAGE ROOT.pem SHA256-OF-THE-SIGNER"
}
readable() { if ! [ -f "$1" ] || ! [ -r "$1" ]; then refuse 3 "cannot read $1"; fi; }

# --- reading: a file, where, how much. Functions that refuse are never part of a condition, where "set -e" would not see it. ---
bytes() { if [ "$3" -gt 0 ]; then tail -c "+$(($2 + 1))" "$1" 2>/dev/null | head -c "$3"; fi; }
hex() { bytes "$1" "$2" "$3" | od -An -v -tx1 | tr -d ' \n'; }
zero() { [ "$(bytes "$1" "$2" "$3" | tr -d '\000' | wc -c)" -eq 0 ]; }
number() { # FILE OFFSET: eight bytes, big-endian, at most 2^53-1
  digits=$(hex "$1" "$2" 8)
  case $digits in 00[01]?????????????) printf %d "0x$digits" ;; *) refuse "${3-20}" "not a size that a file can have, at byte $2" ;; esac
}
digest() {
  if command -v sha256sum >/dev/null; then sha256sum | cut -d ' ' -f 1; else shasum -a 256 | cut -d ' ' -f 1; fi
}
crc32() { # HEX: of zlib, as hexadecimal
  crc=4294967295 rest=$1
  while [ -n "$rest" ]; do
    crc=$((crc ^ 0x${rest%"${rest#??}"})) rest=${rest#??}
    for _ in 1 2 3 4 5 6 7 8; do crc=$(((crc >> 1) ^ ((crc & 1) * 3988292384))); done
  done
  printf %08x $((crc ^ 4294967295))
}
pattern() { printf %s "$1" | sed 's/[][{}.*+?^$|()\\]/\\&/g'; } # matches this text and no other

# --- where the seal is, and what it must cover: derived from the image alone, never from what is signed (docs/seal-format.md 2) ---
image_kind() {
  kind=raw
  if [ "$size" -ge 512 ] && [ "$(hex "$image" $((size - 512)) 4)" = 6b6f6c79 ]; then kind=dmg; fi
  if [ "$size" -ge 32774 ] && [ "$(hex "$image" 32769 5)" = 4344303031 ]; then
    if [ $kind = dmg ]; then refuse 20 'the file ends as a DMG and is an ISO 9660 volume as well'; fi
    kind=iso
  fi
  if [ "$size" -gt 512 ] && [ "$(hex "$image" 0 4)" = 6b6f6c79 ]; then refuse 20 "a second trailer of a DMG stands at the file's start"; fi
}
dmg_end() { # where a seal in a DMG ends
  koly=$((size - 512))
  xml=$(number "$image" $((koly + 216)))
  xml_length=$(number "$image" $((koly + 224)))
  if [ $((xml + xml_length)) -gt "$koly" ]; then refuse 20 'the property list leaves the image'; fi
  seal_end=$xml
}
dmg_rest() { # what must be so around a seal in a DMG
  resources=$(number "$image" $((koly + 40)))
  resources_length=$(number "$image" $((koly + 48)))
  data=$(number "$image" $((koly + 24)))
  data_length=$(number "$image" $((koly + 32)))
  end=$((xml + xml_length))
  if [ "$resources_length" -gt 0 ] && [ "$resources" = "$end" ]; then end=$((end + resources_length)); fi
  if ! zero "$image" $((koly + 296)) 16; then
    apple=$(number "$image" $((koly + 296)))
    apple_length=$(number "$image" $((koly + 304)))
    if [ "$apple" = "$end" ] && [ "$apple_length" -gt 0 ] && [ $((apple + apple_length)) = "$koly" ]; then
      refuse 50 'there is an Apple signature, which this script does not judge'
    fi
    refuse 20 'the code signature does not fill its place exactly'
  fi
  if [ "$end" != "$koly" ]; then refuse 20 'bytes before the trailer belong to nothing'; fi
  if [ "$data" != 0 ] || [ "$data_length" != "$header" ]; then refuse 20 'the data fork does not end where the seal begins'; fi
  if [ "$resources_length" -gt 0 ] && [ "$resources" -lt "$xml" ] && [ $((resources + resources_length)) -gt "$header" ]; then
    refuse 20 'the resource fork lies in the seal'
  fi
  masked="[[$((size - 216)),16]]"
}
both_orders() { # HEX, first little-endian, then big-endian: the number
  rest=${1%"${1#????????}"} swapped=''
  if [ ${#1} = 8 ]; then rest=${1%????}; fi
  while [ -n "$rest" ]; do swapped=${rest%"${rest#??}"}$swapped rest=${rest#??}; done
  case $1 in *"$swapped") printf %d "0x$swapped" ;; *) refuse 20 'the volume has two sizes, one in each byte order' ;; esac
}
iso_end() { # where a seal in an ISO image ends: with the volume (ECMA-119 8.1 to 8.5)
  sector=16 volume=''
  while :; do
    at=$((2048 * sector))
    if [ $sector = 80 ] || [ "$(hex "$image" $((at + 1)) 5)" != 4344303031 ]; then refuse 20 'the volume descriptors have no end'; fi
    if [ $((at + 2048)) -gt "$size" ]; then refuse 20 'the volume descriptors leave the file'; fi
    type=$(hex "$image" $at 1)
    sector=$((sector + 1))
    if [ "$type" = ff ]; then break; fi
    if [ -z "$volume" ] && [ "$type" != 01 ]; then refuse 20 'the first volume descriptor is not the primary one'; fi
    if [ -n "$volume" ] && [ "$type" = 01 ]; then refuse 20 'the image has a second primary volume descriptor'; fi
    if [ "$type" != 01 ] && [ "$type" != 02 ]; then continue; fi
    blocks=$(both_orders "$(hex "$image" $((at + 80)) 8)")
    block=$(both_orders "$(hex "$image" $((at + 128)) 4)")
    if [ "$block" != 2048 ]; then refuse 20 "an ISO 9660 volume with blocks of $block bytes"; fi
    volume=${volume:-$blocks}
  done
  descriptors_end=$((2048 * sector)) seal_end=$((2048 * volume))
  if [ "$seal_end" -gt "$size" ]; then refuse 20 "the volume has $seal_end bytes, the file $size"; fi
}
iso_rest() {
  if [ "$header" -lt "$descriptors_end" ]; then refuse 20 'the seal lies upon the volume descriptors'; fi
  at=$descriptors_end
  while [ $at -lt $((80 * 2048)) ] && [ $((at + 2048)) -le "$size" ]; do
    mark=$(hex "$image" $((at + 1)) 5)
    case $mark in
      00*) break ;;
      4e53523032 | 4e53523033) # UDF is there too, whose readers look for its anchor in three sectors
        for sector in 256 $((size / 2048 - 1 - 256)) $((size / 2048 - 1)); do
          if [ $((2048 * sector + 2048)) -gt "$header" ] && [ $((2048 * sector)) -lt "$seal_end" ]; then
            refuse 20 'the seal lies where UDF has an anchor'
          fi
        done
        break
        ;;
    esac
    at=$((at + 2048))
  done
}
raw_rest() { if [ $((header % 4096)) != 0 ]; then refuse 22 'the seal does not begin at a multiple of 4096'; fi; }

has_footer() { [ "$2" -ge 128 ] && [ "$(hex "$1" $(($2 - 64)) 8)" = 445345414c465452 ]; } # FILE END

# The area that ends in this file at this byte. Header and footer are alike but for magic and checksum; version 1; reserved bytes zero.
read_area() { # FILE END
  holder=$1 footer=$(($2 - 64))
  area=$(number "$holder" $((footer + 16)) 22)
  content=$(number "$holder" $((footer + 24)) 22)
  dressing=$(number "$holder" $((footer + 32)) 22)
  table=$(number "$holder" $((footer + 40)) 22)
  cms=$(number "$holder" $((footer + 48)) 22)
  if [ "$area" -gt "$2" ] || [ $((area % 2048)) != 0 ]; then refuse 22 'the seal does not fit the file'; fi
  header=$(($2 - area))
  cms_at=$((header + 64 + content + dressing + table))
  slack_at=$((cms_at + cms))
  # Each alone first: the sum of five numbers below 2^53 is right in 64 bits.
  if [ "$slack_at" -gt "$footer" ] || [ $((footer - cms_at)) -lt 65536 ] || [ "$cms" -lt 1 ] || [ "$cms" -gt 1048576 ]; then
    refuse 22 'the parts of the seal do not fit'
  fi
  if [ "$(hex "$holder" "$header" 8)" != 445345414c484452 ]; then refuse 22 'the seal has no header'; fi
  lengths=$(hex "$holder" $((footer + 16)) 48)
  if [ "$(hex "$holder" $((header + 16)) 48)" != "$lengths" ]; then refuse 22 'header and footer differ'; fi
  if ! zero "$holder" $((footer + 56)) 8; then refuse 22 'reserved bytes are not zero'; fi
  for mark in "$header" "$footer"; do
    start=$(hex "$holder" "$mark" 16)
    case $start in ????????????????00000001????????) ;; *) refuse 22 'the seal has another version' ;; esac
    if [ "$(crc32 "${start%????????}00000000$lengths")" != "${start#????????????????????????}" ]; then
      refuse 22 'a checksum of the seal is wrong'
    fi
  done
  if ! zero "$holder" "$slack_at" $((footer - slack_at)); then refuse 22 'the slack after the signature is not zero'; fi
}

# Sets what the statement must say: covered, masked, place.
find_seal() { # embedded | detached
  placement=$1 masked='[]'
  if [ "$placement" = detached ]; then
    seal_size=$(($(wc -c <"$seal")))
    if ! has_footer "$seal" "$seal_size"; then refuse 10 "$seal is no seal"; fi
    read_area "$seal" "$seal_size"
    if [ "$header" != 0 ]; then refuse 20 'bytes stand before the seal in its file'; fi
    seal_end=0 header=$size
  else
    case $kind in dmg) dmg_end ;; iso) iso_end ;; raw) seal_end=$size ;; esac
    if ! has_footer "$image" "$seal_end"; then
      refuse 10 'the image has no seal'
    fi
    read_area "$image" "$seal_end"
    case $kind in dmg) dmg_rest ;; iso) iso_rest ;; raw) raw_rest ;; esac
    if [ "$seal_end" != "$size" ] && has_footer "$image" "$size"; then refuse 20 'the image has a second seal, at its end'; fi
  fi
  cover
}
# The two ranges, either of which may be empty, and their leaves of 64 KiB.
cover() {
  after=0
  if [ "$placement" = embedded ]; then after=$((size - seal_end)); fi
  covered=''
  if [ "$header" -gt 0 ]; then covered="[0,$header]"; fi
  if [ "$after" -gt 0 ]; then covered="$covered${covered:+,}[$seal_end,$after]"; fi
  leaves=$(((header + 65535) / 65536 + (after + 65535) / 65536))
  place="{\"offset\":$header,\"size\":$area}"
  if [ "$placement" = detached ]; then place="{\"offset\":0,\"size\":$area}"; fi
  if [ "$placement" = embedded ] && [ $kind != iso ]; then check_table; fi
}
check_table() { if [ "$table" != $((32 * leaves)) ]; then refuse 22 'the leaf table has another length than the image asks for'; fi; }

# --- the signature --------------------------------------------------------------------------------------------------------
said() { sed -n 's/.*erify error: */ /p' "$work/said" | head -n 1; }
extension() { openssl x509 -in "$1" -noout -ext "$2" 2>/dev/null || true; }
fingerprint() { openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//' | tr -d ':' | tr 'A-F' 'a-f'; }
certificates() { # FILE PREFIX: each certificate of a PEM file into a file of its own
  count=0
  while IFS= read -r line || [ -n "$line" ]; do
    if [ "$line" = '-----BEGIN CERTIFICATE-----' ]; then count=$((count + 1)); fi
    if [ $count -gt 0 ]; then printf '%s\n' "$line" >>"$2.$count"; fi
  done <"$1"
}
check_signature() {
  bytes "$holder" "$cms_at" "$cms" >"$work/cms"
  outer=$(openssl asn1parse -inform DER -in "$work/cms" 2>/dev/null | head -n 1 |
    sed -n 's/^ *0:d=0 *hl= *\([0-9]*\) *l= *\([0-9]*\) *cons: *SEQUENCE.*/\1+\2/p' || true)
  if [ -z "$outer" ]; then refuse 22 'the signature is no DER'; fi
  if [ $(($outer)) != "$cms" ]; then refuse 22 'bytes follow the DER of the signature'; fi
  for magic in '50 4b 05 06' '37 7a bc af 27 1c' '52 61 72 21 1a 07' '4d 53 43 46 00 00 00 00' '01 43 44 30 30 31 01'; do
    if od -An -v -tx1 "$work/cms" | tr -d '\n' | grep -q -- "$magic"; then refuse 20 'a file of another kind is hidden in the signature'; fi
  done
  # -noverify: is the signature right at all? The certificate is judged below.
  rm -f "$work/signer.pem"
  openssl cms -verify -binary -inform DER -in "$work/cms" -noverify -signer "$work/signer.pem" -certsout "$work/certificates.pem" \
    -out "$work/statement" 2>"$work/said" || refuse 23 "the signature is wrong: $(tail -n 1 "$work/said")"
  openssl cms -cmsout -print -inform DER -in "$work/cms" -noout >"$work/printed" 2>/dev/null
  sed -n '/^    signerInfos:/,$p' "$work/printed" >"$work/signers"
  if [ "$(grep -c '^        digestAlgorithm:' "$work/signers")" != 1 ]; then refuse 22 'not exactly one signer'; fi
  if [ "$(grep -c 'BEGIN CERTIFICATE' "$work/signer.pem")" != 1 ]; then refuse 22 'not exactly one signer'; fi
  if ! grep -q '^      eContentType: pkcs7-data' "$work/printed"; then refuse 22 'the content is of another type'; fi
  sed -n '/^        signedAttrs:/,/^        signatureAlgorithm:/p' "$work/signers" >"$work/signed"
  # contentType, messageDigest, signingCertificateV2, CMSAlgorithmProtection, each once; signingTime may be there; nothing else.
  attributes=$(sed -n 's/^ *object: .*(\([0-9.]*\))$/\1/p' "$work/signed" | sort | tr '\n' ' ')
  ours='1.2.840.113549.1.9'
  case $attributes in
    "$ours.16.2.47 $ours.3 $ours.4 $ours.5 $ours.52 " | "$ours.16.2.47 $ours.3 $ours.4 $ours.52 ") ;;
    *) refuse 22 'the signed attributes are not those of a seal' ;;
  esac
  if [ "$(head -c 2 "$work/statement")" != '{"' ]; then refuse 22 'what was signed is no statement'; fi
}
check_strength() {
  hash=$(sed -n '/^        digestAlgorithm:/{n;s/^ *algorithm: \([a-z0-9]*\) .*/\1/p;}' "$work/signers")
  case $hash in sha256 | sha384 | sha512) ;; *) refuse 35 "the digest is ${hash:-unknown}" ;; esac
  openssl x509 -in "$work/signer.pem" -noout -text >"$work/certificate"
  if grep -q 'Public Key Algorithm: rsaEncryption' "$work/certificate"; then
    bits=$(sed -n 's/.*Public-Key: (\([0-9]*\) bit).*/\1/p' "$work/certificate")
    if [ "${bits:-0}" -lt 3072 ] || [ "$bits" -gt 8192 ]; then refuse 35 "an RSA key of ${bits:-unknown} bits"; fi
  elif ! grep -q 'ASN1 OID: \(prime256v1\|secp384r1\)' "$work/certificate"; then
    refuse 35 'a key of another kind than P-256, P-384 and RSA'
  fi
}
# Without -no-CApath and -no-CAstore a certificate from one of the system's authorities would do.
check_path() {
  openssl cms -verify -binary -inform DER -in "$work/cms" -CAfile "$work/roots.pem" -no-CApath -no-CAstore -partial_chain -x509_strict \
    -policy_check -auth_level 2 -cades -purpose any -out "$work/statement" 2>"$work/said" || {
    if grep -q 'expired\|not yet valid' "$work/said"; then refuse 32 'a certificate is not valid now'; fi
    if grep -q 'too weak' "$work/said"; then refuse 35 "a certificate is too weak:$(said)"; fi
    if grep -q 'ESS routines' "$work/said"; then refuse 23 'another certificate path was signed'; fi
    refuse 30 "no path to a trusted root:$(said)"
  }
  if ! extension "$work/signer.pem" extendedKeyUsage | grep -q 'Code Signing'; then refuse 30 'the certificate is not for code signing'; fi
  if ! extension "$work/signer.pem" keyUsage | grep -q 'Digital Signature'; then refuse 30 'the key is not for digital signatures'; fi
  rm -f "$work"/path.* "$work"/root.*
  certificates "$work/certificates.pem" "$work/path"
  certificates "$work/roots.pem" "$work/root"
  found=$(fingerprint "$work/signer.pem")
  own=''
  for one in "$work"/root.*; do if [ "$(fingerprint "$one")" = "$found" ]; then own=yes; fi; done
  if [ -z "$own" ] && extension "$work/signer.pem" basicConstraints | grep -q 'CA:TRUE'; then refuse 30 'the signer is an authority'; fi
  for one in "$work"/path.*; do
    usage=$(extension "$one" extendedKeyUsage)
    case $usage in '' | *'Code Signing'* | *'Any Extended Key Usage'*) ;; *) refuse 30 'an authority may not certify for code signing' ;; esac
  done
}
subject() { openssl x509 -in "$work/signer.pem" -noout -subject -nameopt "RFC2253,-esc_msb$1" | sed 's/^subject=//'; }
check_publisher() {
  key=$(openssl x509 -in "$work/signer.pem" -noout -pubkey | openssl pkey -pubin -outform DER | digest)
  signer=$(subject '') known=''
  while IFS= read -r wanted; do
    case $wanted in
      sha256:*) if [ "$wanted" = "sha256:$found" ]; then known=yes; fi ;;
      spki:*) if [ "$wanted" = "spki:$key" ]; then known=yes; fi ;;
      # T61 has no one reading: diskseal writes such a name in another way.
      ?*) if [ "$wanted" = "$signer" ] && ! subject ,show_type | grep -q 'T61STRING'; then known=yes; fi ;;
    esac
  done <"$work/publishers"
  if [ -z "$known" ]; then refuse 31 "signed by another certificate: sha256:$found ($signer)"; fi
  ok "signature $hash by $signer"
}

# --- the statement: canonical JSON with a closed set of members, so one pattern describes all of it --------------------------------
check_statement() {
  text=$(tr -d '\000-\037\177' <"$work/statement"; printf x)
  text=${text%x}
  if [ "${#text}" != "$(($(wc -c <"$work/statement")))" ]; then refuse 22 'the statement has control characters'; fi
  case $text in *',"critical":['[!]]*) refuse 22 'the statement has a critical part that this script does not know' ;; esac
  signed=${text#*\"imageSize\":}
  signed=${signed%%[!0-9]*}
  if [ "$placement" = detached ] || [ $kind = iso ]; then
    case $signed in ????????????????? | '') ;; *) if [ "$signed" != "$size" ]; then
      refuse 20 "$signed bytes were signed, the file has $size"; fi ;; esac
  fi
  number='(0|[1-9][0-9]{0,15})' hash64='[0-9a-f]{64}' token='[a-z0-9][a-z0-9._-]{0,63}'
  inventory="\\{\"bytes\":$number,\"digest\":\"$hash64\",\"entries\":$number\\}"
  whole="^\\{\"apple\":\"none\",\"arch\":\"$token\",(\"build\":$number,)?\"channel\":\"$token\",\"content\":$inventory"
  whole="$whole,\"covered\":$(pattern "[$covered]"),(\"critical\":\\[\\],)?\"dressing\":$inventory,\"flat\":\"$hash64\""
  whole="$whole,\"format\":\"$kind\",\"imageSize\":$size(,\"keys\":\\[\"$hash64\"(,\"$hash64\"){0,15}\\])?"
  whole="$whole,\"masked\":$(pattern "$masked"),\"placement\":\"$placement\",\"platform\":\"$token\",\"product\":\"[a-z0-9.-]{1,255}\""
  whole="$whole,\"seal\":$(pattern "$place"),\"tree\":\\{\"algorithm\":\"rfc9162-sha256\",\"chunk\":65536,\"leaves\":$leaves"
  whole="$whole,\"root\":\"$hash64\"\\},\"type\":\"diskseal/seal/1\",\"version\":\"([^\"\\\\]|\\\\[\"\\\\])+\"\\}\$"
  if ! printf '%s\n' "$text" | grep -Eq -- "$whole"; then refuse 22 'the statement is malformed, or says of the image what is not so'; fi
  check_table
  check_texts
  # The members stand in the order of their names, and what is free text stands last: the first of each name is the one.
  content_part=${text#*\"content\":} dressing_part=${text#*\"dressing\":}
  if [ "$(member bytes "$content_part")" != "$content" ] || [ "$(member bytes "$dressing_part")" != "$dressing" ]; then
    refuse 22 'an inventory has another length than was signed'
  fi
  start=$((footer + 64 - area + 64))
  check_inventory "$content_part" $start "$content"
  check_inventory "$dressing_part" $((start + content)) "$dressing"
  product=$(member product "$text")
  if [ -s "$work/products" ] && ! grep -Fxq -- "$product" "$work/products"; then refuse 40 "this is another product: $product"; fi
  ok "statement $product ${version}, about exactly this image"
}
member() { # NAME TEXT: the first of that name
  value=${2#*\"$1\":}
  value=${value#\"}
  printf %s "${value%%[\",\}]*}"
}
check_inventory() { # TEXT OFFSET LENGTH
  if [ "$(bytes "$holder" "$2" "$3" | digest)" != "$(member digest "$1")" ]; then refuse 22 'an inventory is not the one that was signed'; fi
  if [ "$(($(bytes "$holder" "$2" "$3" | tr -cd '\n' | wc -c)))" != "$(member entries "$1")" ]; then
    refuse 22 'an inventory has another number of entries than was signed'
  fi
}
# Marks of direction and line ends of Unicode, C1 controls, noncharacters and surrogates, as octets of UTF-8.
check_texts() {
  version=${text#*\"version\":\"}
  version=${version%\"\}}
  unfit='( c2 [89].| d8 9c| e2 80 8[ef]| e2 80 a[89abcde]| e2 81 a[6-9]| ef b7 (9.|a.)| ef bf b[ef]| ed [ab].| f[0-4] .f bf b[ef])'
  if printf %s "$version" | od -An -v -tx1 | tr -d '\n' | grep -Eq -- "$unfit"; then
    refuse 22 'the version has characters that turn text around or do not show'
  fi
  keys=$(printf %s "$text" | sed -n 's/.*,"keys":\[\([0-9a-f",]*\)\],"masked".*/\1/p' | tr -d '"' | tr ',' '\n')
  if [ "$(printf %s "$keys" | sort -u)" != "$keys" ]; then refuse 22 'the keys are not in ascending order'; fi
}

# --- the content: all bytes but the seal. The masked bytes of a DMG's trailer are zero already, see above. ---------------------------
check_content() {
  flat=$(member flat "$text")
  if [ "$({ bytes "$image" 0 "$header"; bytes "$image" "$seal_end" "$after"; } | digest)" != "$flat" ]; then
    refuse 21 'the content is not what was signed'
  fi
  ok 'content   every byte is as it was signed'
}

judge() { # embedded | detached
  find_seal "$1"
  ok "seal      $area bytes, $placement, in a $kind of $size bytes; every other byte must be covered"
  check_signature
  check_strength
  check_path
  check_publisher
  check_statement
  check_content
  agreed=$(for one in arch build channel platform product; do case $text in *"\"$one\":"*) member $one "$text"; printf '\n' ;; esac; done)
  agreed="$agreed $version $(member digest "$content_part") $(member digest "$dressing_part")"
}

seal=''
if [ "${1-}" = --seal ]; then
  if [ $# -lt 3 ]; then usage; fi
  seal=$2
  shift 2
fi
case ${1-} in -*) usage ;; esac
if [ -n "$roots" ]; then
  if [ $# != 1 ]; then usage; fi
else
  if [ $# != 3 ]; then usage; fi
  publishers=sha256:$(printf %s "${3#sha256:}" | tr -d ':' | tr 'A-F' 'a-f')
  if ! printf '%s\n' "$publishers" | grep -Eq '^sha256:[0-9a-f]{64}$'; then refuse 2 "not a SHA-256: $3"; fi
  readable "$2"
  roots=$(cat -- "$2")
fi
image=$1
readable "$image"
if [ -n "$seal" ]; then
  case $seal in -*) seal=./$seal ;; esac
  readable "$seal"
fi
case $(openssl version 2>/dev/null) in 'OpenSSL '[3-9]*) ;; *) refuse 2 'OpenSSL 3 or later is needed' ;; esac
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP INT TERM
printf '%s\n' "$roots" >"$work/roots.pem"
printf '%s\n' "$publishers" >"$work/publishers"
if [ -n "$products" ]; then printf '%s\n' "$products" >"$work/products"; fi

size=$(($(wc -c <"$image")))
image_kind
if [ -z "$seal" ]; then
  judge embedded
else
  judge detached
  detached=$agreed
  # An image that brings a seal of its own too: both are right alone, and say the same.
  case $kind in dmg) dmg_end ;; iso) iso_end ;; raw) seal_end=$size ;; esac
  if has_footer "$image" "$seal_end"; then
    judge embedded
    if [ "$agreed" != "$detached" ]; then refuse 22 'the seal inside the image and the one beside it differ'; fi
  fi
fi
