// bitcoinjs-lib, with the checks against the descriptor that it leaves to its caller. Its curve is
// libsecp256k1 compiled to WebAssembly (tiny-secp256k1). The same lines as tests/bench/worker.py
// reads and writes.
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const bitcoin = require('bitcoinjs-lib');
const ecc = require('tiny-secp256k1');
const { BIP32Factory } = require('bip32');
const { UR, URDecoder, UREncoder } = require('@ngraveio/bc-ur');

const bip32 = BIP32Factory(ecc);
const network = bitcoin.networks.regtest;
const same = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;

class Wallet {
  constructor(said) {
    this.threshold = said.threshold;
    this.kind = said.script_type;
    const accounts = said.xpubs.map((xpub) => bip32.fromBase58(xpub, network));
    this.branches = [0, 1].map((branch) => accounts.map((node) => node.derive(branch)));
    const own = bip32.fromBase58(said.account, network);
    this.own = [0, 1].map((branch) => own.derive(branch));
  }

  pays(branch, index) {
    const pubkeys = this.branches[branch].map((node) => node.derive(index).publicKey);
    pubkeys.sort(Buffer.compare);
    const redeem = bitcoin.payments.p2ms({ m: this.threshold, pubkeys, network });
    if (this.kind === 'p2sh') return bitcoin.payments.p2sh({ redeem, network });
    const program = bitcoin.payments.p2wsh({ redeem, network });
    return this.kind === 'p2wsh' ? program : bitcoin.payments.p2sh({ redeem: program, network });
  }

  place(derivations) {
    return derivations[0].path.split('/').slice(-2).map(Number);
  }
}

function checked(psbt, wallet) {
  psbt.data.inputs.forEach((said, at) => {
    const txin = psbt.txInputs[at];
    const previous = bitcoin.Transaction.fromBuffer(said.nonWitnessUtxo);
    if (!same(previous.getHash(), txin.hash)) throw new Error(`input ${at}: another transaction`);
    const spent = previous.outs[txin.index];
    const claim = said.witnessUtxo;
    if (claim && (claim.value !== spent.value || !same(claim.script, spent.script))) {
      throw new Error(`input ${at}: lies about its coin`);
    }
    if (!same(wallet.pays(...wallet.place(said.bip32Derivation)).output, spent.script)) {
      throw new Error(`input ${at}: not the wallet's`);
    }
  });
  psbt.data.outputs.forEach((said, at) => {
    if (!said.bip32Derivation) return;
    const place = wallet.place(said.bip32Derivation);
    if (!same(wallet.pays(...place).output, psbt.txOutputs[at].script)) {
      throw new Error(`output ${at}: not the wallet's`);
    }
  });
}

const parsed = (raw) => bitcoin.Psbt.fromBuffer(raw, { network });

const JOBS = {
  full(said, read, ground) {
    const raw = read('psbt');
    const wallet = new Wallet(said);
    return [
      () => {
        const psbt = parsed(raw);
        checked(psbt, wallet);
        psbt.data.inputs.forEach((input, at) => {
          const [branch, index] = wallet.place(input.bip32Derivation);
          const node = wallet.own[branch].derive(index);
          node.lowR = ground;
          psbt.signInput(at, node);
        });
        return psbt.toBuffer();
      },
      (result) => result,
    ];
  },
  parse(said, read) {
    const raw = read('psbt');
    return [() => parsed(raw), (psbt) => psbt.data.globalMap.unsignedTx.toBuffer()];
  },
  settle(said, read) {
    const shares = Array.from({ length: said.shares }, (_, at) => read(`share-${at}`));
    return [
      () => {
        const [first, ...others] = shares.map(parsed);
        first.combine(...others);
        first.finalizeAllInputs();
        return first.extractTransaction(true);
      },
      (tx) => tx.toBuffer(),
    ];
  },
  parts(said, read) {
    // The same bytes as tests/bench/peers/carrying.py: mixed parts of at most 200 bytes each.
    const ur = new UR(UR.fromBuffer(read('psbt')).cbor, 'crypto-psbt');
    const pure = new UREncoder(ur, 200).fragmentsLength;
    return [
      () => {
        const mixed = new UREncoder(ur, 200, pure);
        return Array.from({ length: said.count }, () => mixed.nextPart());
      },
      (found) => Buffer.from(found.join('\n').toUpperCase()),
    ];
  },
  joined(said, read) {
    // As there: the plain parts but every third, then mixed ones, until it is whole.
    const ur = new UR(UR.fromBuffer(read('psbt')).cbor, 'crypto-psbt');
    const encoder = new UREncoder(ur, 200);
    const plain = encoder.fragmentsLength;
    const texts = Array.from({ length: plain + said.count }, () => encoder.nextPart())
      .filter((_, at) => at >= plain || (at + 1) % 3);
    return [
      () => {
        const decoder = new URDecoder();
        texts.some((text) => decoder.receivePart(text) && decoder.isComplete());
        return decoder.resultUR().decodeCBOR();
      },
      (psbt) => psbt,
    ];
  },
  addresses(said) {
    const wallet = new Wallet(said);
    return [
      () => Array.from({ length: said.count }, (_, at) => wallet.pays(0, at).address),
      (found) => Buffer.from(found.join('\n')),
    ];
  },
};

// The most memory of this process, in bytes: tests/bench/memory.py says why it is read there.
const held = () => 1024 * /VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1];

function answer({ job, folder, ground, out }) {
  const read = (name) => fs.readFileSync(path.join(folder, name));
  const said = JSON.parse(read('case.json'));
  const [run, tell] = JOBS[job](said, read, ground);
  const used = process.cpuUsage();
  const start = process.hrtime.bigint();
  let result;
  try {
    result = run();
  } catch (problem) {
    return { refused: `${problem.name}: ${problem.message}`.slice(0, 200) };
  }
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  const { user, system } = process.cpuUsage(used);
  if (out) fs.writeFileSync(out, tell(result));
  return { cpu: (user + system) / 1e6, wall, peak: held() };
}

const installed = path.join(process.env.NODE_PATH, 'bitcoinjs-lib', 'package.json');
const { version } = JSON.parse(fs.readFileSync(installed));
const hello = {
  version: `bitcoinjs-lib ${version}, node ${process.versions.node}`,
  jobs: Object.keys(JOBS).sort(),
};
process.stdout.write(`${JSON.stringify(hello)}\n`);
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
});
