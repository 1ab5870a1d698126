// Reads what we write: codes on standard input as JSON {"format", "codes"}, what they carry on
// standard output as JSON {"type", "data"} (data in base64).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { joinQRs } from 'bbqr';

const require = createRequire(import.meta.url);
const { URDecoder } = require('@ngraveio/bc-ur');
const registry = require('@keystonehq/bc-ur-registry-btc');

function readUr(codes) {
  const decoder = new URDecoder();
  for (const code of codes) {
    decoder.receivePart(code);
    if (decoder.isComplete()) break;
  }
  if (!decoder.isSuccess()) throw new Error(`incomplete: ${decoder.resultError()}`);
  const ur = decoder.resultUR();
  const readers = {
    'crypto-psbt': (cbor) => registry.CryptoPSBT.fromCBOR(cbor).getPSBT(),
    'crypto-output': (cbor) => Buffer.from(registry.CryptoOutput.fromCBOR(cbor).toString()),
    'crypto-account': (cbor) => Buffer.from(JSON.stringify(registry.CryptoAccount.fromCBOR(cbor)
      .getOutputDescriptors().map((one) => one.toString()))),
  };
  const read = readers[ur.type];
  return { type: ur.type, data: read ? read(ur.cbor) : ur.decodeCBOR() };
}

function readBbqr(codes) {
  const joined = joinQRs(codes);
  return { type: joined.fileType, data: Buffer.from(joined.raw) };
}

const { format, codes } = JSON.parse(readFileSync(0, 'utf8'));
const { type, data } = format === 'ur' ? readUr(codes) : readBbqr(codes);
process.stdout.write(JSON.stringify({ type, data: data.toString('base64') }));
