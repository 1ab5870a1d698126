// Records what other makers' codecs write: `npm install && node record.mjs ../vectors`.
// The same versions of the packages write the same bytes.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { splitQRs } from 'bbqr';

const require = createRequire(import.meta.url);
const { UR, UREncoder } = require('@ngraveio/bc-ur');
const registry = require('@keystonehq/bc-ur-registry-btc');

const folder = process.argv[2];
const psbts = JSON.parse(readFileSync(new URL('../../vectors/recorded_psbts.json', import.meta.url)));

// Bytes as good as random, the same every time.
function noise(name, length) {
  const blocks = [];
  for (let i = 0; 32 * i < length; i += 1) {
    blocks.push(createHash('sha256').update(`${name} ${i}`).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function write(name, source, cases) {
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ source, cases }, null, 1);
  writeFileSync(join(folder, name), `${text}\n`);
}

function urParts(encoder, count) {
  return Array.from({ length: count }, () => encoder.nextPart());
}

function bcUr() {
  const cases = [];
  for (const [name, length, largest, extra, first] of [
    ['short', 40, 200, 0, 0],
    ['two', 100, 60, 6, 0],
    ['some', 1000, 100, 25, 0],
    ['late', 3000, 150, 70, 100],
    ['many', 8000, 40, 20, 300],
  ]) {
    const data = noise(name, length);
    const encoder = new UREncoder(UR.fromBuffer(data), largest, first);
    const parts = urParts(encoder, encoder.fragmentsLength + extra);
    cases.push({ name, largest, first, count: encoder.fragmentsLength, data: data.toString('base64'), parts });
  }
  write('ngraveio_bc_ur.json', '@ngraveio/bc-ur 1.1.13', cases);
}

function path(text) {
  return text.split('/').map((step) => new registry.PathComponent({
    index: parseInt(step, 10), hardened: step.endsWith('h'),
  }));
}

function hdKey(fields, fingerprint, origin, children, testnet) {
  return new registry.CryptoHDKey({
    isMaster: false,
    key: Buffer.from(fields.key, 'hex'),
    chainCode: Buffer.from(fields.chain, 'hex'),
    useInfo: testnet ? new registry.CryptoCoinInfo(registry.CryptoCoinInfoType.bitcoin, registry.CryptoCoinInfoNetwork.testnet) : undefined,
    origin: new registry.CryptoKeypath(path(origin), Buffer.from(fingerprint, 'hex'), origin.split('/').length),
    children: children ? new registry.CryptoKeypath(children) : undefined,
    parentFingerprint: Buffer.from(fields.parent, 'hex'),
    name: 'a name',
  });
}

// Public keys of BIP32's test vectors 1 to 3.
const keys = [
  { key: '035a784662a4a20a65bf6aab9ae98a6c068a81c52e4b032c0fb5400c706cfccc56', chain: '47fdacbd0f1097043b78c63c20c34ef4ed9a111d980047ad16282c7ae6236141', parent: '3442193e' },
  { key: '03cbcaa9c98c877a26977d00825c956a238e8dddfbd322cce4f74b0b5bd6ace4a7', chain: '60499f801b896d83179a4374aeb7822aaeaceaa0db1f85ee3e904c4defbd9689', parent: 'bd16bee5' },
  { key: '02fc9e5af0ac8d9b3cecfe2a888e2117ba3d089d8585886c9c826b6b22a98d12ea', chain: 'f0909affaa7ee7abe5dd4e100598d4dc53cd709d5a5c2cac40e7412f232f7c9c', parent: '5a61ff8e' },
];

function keystone() {
  const { ScriptExpressions: script } = registry;
  const cases = [];
  const psbt = Buffer.from(psbts.devices.coldcard.psbt_before, 'base64');
  const carried = new registry.CryptoPSBT(psbt);
  const encoder = carried.toUREncoder(120);
  cases.push({
    name: 'psbt', type: 'crypto-psbt', cbor: carried.toCBOR().toString('hex'),
    data: psbt.toString('base64'), parts: urParts(encoder, encoder.fragmentsLength + 10),
  });
  const branch = [new registry.PathComponent({ index: 0, hardened: false }), new registry.PathComponent({ hardened: false })];
  for (const testnet of [false, true]) {
    const multi = new registry.MultiKey(2, keys.map((fields, i) => hdKey(fields, `0000000${i + 1}`, `48h/${testnet ? 1 : 0}h/0h/2h`, branch, testnet)));
    const output = new registry.CryptoOutput([script.WITNESS_SCRIPT_HASH, script.SORTED_MULTISIG], multi);
    cases.push({ name: `output ${testnet ? 'test' : 'main'}`, type: 'crypto-output', cbor: output.toCBOR().toString('hex'), parts: urParts(output.toUREncoder(2000), 1) });
  }
  const single = new registry.CryptoOutput([script.SCRIPT_HASH, script.WITNESS_PUBLIC_KEY_HASH], hdKey(keys[1], '37b5eed4', '49h/0h/0h', branch, false));
  cases.push({ name: 'output single', type: 'crypto-output', cbor: single.toCBOR().toString('hex'), parts: urParts(single.toUREncoder(2000), 1) });
  const account = new registry.CryptoAccount(Buffer.from('37b5eed4', 'hex'), [
    new registry.CryptoOutput([script.WITNESS_SCRIPT_HASH], hdKey(keys[0], '37b5eed4', '48h/0h/0h/2h', undefined, false)),
    new registry.CryptoOutput([script.SCRIPT_HASH, script.WITNESS_SCRIPT_HASH], hdKey(keys[1], '37b5eed4', '48h/0h/0h/1h', undefined, false)),
    new registry.CryptoOutput([script.WITNESS_PUBLIC_KEY_HASH], hdKey(keys[2], '37b5eed4', '84h/0h/0h', undefined, false)),
  ]);
  cases.push({ name: 'account', type: 'crypto-account', cbor: account.toCBOR().toString('hex'), parts: urParts(account.toUREncoder(2000), 1) });
  write('keystone_registry.json', '@keystonehq/bc-ur-registry-btc 0.1.1', cases);
}

function coinkite() {
  const psbt = Buffer.from(psbts.bitcoind.psbts[0], 'base64');
  const transaction = Buffer.from(psbts.bitcoind.transactions[2], 'hex');
  const json = Buffer.from(JSON.stringify({ payments: Array.from({ length: 40 }, (_, i) => ({ label: `pay ${i}`, amount: 1000 * i })) }));
  const cases = [];
  for (const [name, fileType, data, options] of [
    ['psbt', 'P', psbt, { maxVersion: 10 }],
    ['psbt hex', 'P', psbt, { encoding: 'H', maxVersion: 8 }],
    ['psbt base32', 'P', psbt, { encoding: '2', minVersion: 5, maxVersion: 5 }],
    ['transaction', 'T', transaction, { encoding: 'Z', maxVersion: 6 }],
    ['json', 'J', json, { maxVersion: 5 }],
    ['text', 'U', Buffer.from('wsh(pk(ж))\n'), { encoding: 'H' }],
    ['noise', 'B', noise('noise', 3000), { maxVersion: 12 }],
    ['noise hex', 'B', noise('noise hex', 900), { encoding: 'H', minVersion: 3, maxVersion: 3 }],
    ['one byte', 'B', Buffer.from([7]), { encoding: '2' }],
    ['dense', 'B', noise('dense', 5000), { encoding: '2', minVersion: 40 }],
    ['many', 'B', noise('many', 1100), { encoding: '2', minVersion: 2, maxVersion: 2 }],
  ]) {
    const made = splitQRs(new Uint8Array(data), fileType, { minVersion: 1, ...options });
    cases.push({ name, fileType, encoding: made.encoding, version: made.version, data: data.toString('base64'), parts: made.parts });
  }
  write('coinkite_bbqr.json', 'bbqr 1.2.0 (Coinkite)', cases);
}

bcUr();
keystone();
coinkite();
