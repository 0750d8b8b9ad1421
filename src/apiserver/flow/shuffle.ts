/**
 * Deals a hand of different queues to a flow: two flows rarely get the same hand, so that one that floods its own queues
 * leaves others some of theirs.
 */
export function dealHand(flow: string, queues: number, handSize: number): number[] {
  const deck = Array.from({ length: queues }, (_, index) => index);
  const hand: number[] = [];
  let entropy = hashOf(flow);
  for (let left = queues; hand.length < Math.min(handSize, queues); left--) {
    const at = entropy % left;
    entropy = Math.floor(entropy / left);
    const [card] = deck.splice(at, 1);
    if (card !== undefined) hand.push(card);
    if (entropy < left) entropy = hashOf(`${flow}\u0000${hand.length}`);
  }
  return hand;
}

/** 53 bits: two hashes of 32 bits, as many of theirs as a number holds. */
function hashOf(text: string): number {
  let low = 0x81_1c_9d_c5;
  let high = 0x9e_37_79_b9;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01_00_01_93) >>> 0;
    high = Math.imul(high ^ code, 0x85_eb_ca_6b) >>> 0;
    high = (high ^ (high >>> 13)) >>> 0;
  }
  return (high & 0x1f_ff_ff) * 2 ** 32 + low;
}
