// Bitcoin Cash's virtual machine, as libauth implements it, for one question a line.
//
//   node vm.mjs LIBAUTH   where LIBAUTH is the path of its index.js
//
// A question is {"number": n, "tx": hex, "spent": hex}: a transaction in the network's form, and the
// outputs that its inputs spend, in order, in the form that they have in a transaction, behind their
// count; a token stands in front of the script (CHIP-2022-02). The answer is {"number": n,
// "consensus": e, "standard": e, "inputs": [e, ...]} with e null for yes, or the reason for no;
// inputs are told apart only if consensus says no. {"number": n, "error": reason} if the question
// cannot be read.

import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const libauth = await import(pathToFileURL(process.argv[2]).href);
const consensus = libauth.createVirtualMachineBch2026(false);
const standard = libauth.createVirtualMachineBch2026(true);

const reason = (result) => (result === true ? null : String(result));

const unread = (error) => ({ error: String(error) });

function answer({ tx, spent }) {
  const transaction = libauth.decodeTransactionBch(libauth.hexToBin(tx));
  if (typeof transaction === 'string') return unread(transaction);
  const sourceOutputs = libauth.decodeTransactionOutputs(libauth.hexToBin(spent));
  if (typeof sourceOutputs === 'string') return unread(sourceOutputs);
  const program = { sourceOutputs, transaction };
  const strict = reason(standard.verify(program));
  // What is standard is valid: the same rules and more. So scripts run once, unless something is wrong.
  const verdict = strict === null ? null : reason(consensus.verify(program));
  const each = (_, inputIndex) =>
    reason(consensus.stateSuccess(consensus.evaluate({ ...program, inputIndex })));
  const alike = transaction.inputs.length === sourceOutputs.length;
  return {
    consensus: verdict,
    standard: strict,
    inputs: verdict !== null && alike ? transaction.inputs.map(each) : [],
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let said;
  try {
    said = answer(question);
  } catch (error) {
    said = unread(error);
  }
  process.stdout.write(`${JSON.stringify({ number: question.number, ...said })}\n`);
}
