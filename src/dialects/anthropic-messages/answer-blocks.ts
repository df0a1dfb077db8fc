import type {
  RawContentBlockDelta,
  RawContentBlockStartEvent,
  RawMessageStreamEvent,
} from '@anthropic-ai/sdk/resources/messages/messages';
import { GatewayError } from '../../pipeline/errors.js';

type Block = RawContentBlockStartEvent['content_block'];

/** What Anthropic is given back of a thought: behind it, or in place of it. */
export interface Seal {
  /** The block of the answer it belongs to. */
  readonly block: number;
  readonly text: string;
  /** Whether it may stand without a thought as a signature. */
  readonly isSignature: boolean;
}

/** Writes the blocks of a message one after another: the open one ends where another begins. */
export class BlockStream {
  readonly #write: (event: RawMessageStreamEvent) => void;
  readonly #noSeal: string;
  #count = 0;
  #open: { readonly key: string; readonly isThought: boolean; readonly ending: string } | undefined;
  /** A provider may send it ahead of the words, and better it. */
  #seal: Seal | undefined;
  readonly #sealed = new Set<number>();

  /** @param noSeal signs thoughts that came without a seal */
  constructor(write: (event: RawMessageStreamEvent) => void, noSeal: string) {
    this.#write = write;
    this.#noSeal = noSeal;
  }

  /** Whether the block of this key is the open one. */
  isOpen(key: string): boolean {
    return this.#open?.key === key;
  }

  /** Opens a block, unless it is. `ending` closes the input of a call. */
  open(key: string, block: Block, ending = ''): void {
    if (this.isOpen(key)) return;
    this.close();
    this.#start(block);
    this.#open = { key, isThought: block.type === 'thinking', ending };
  }

  /** Opens a thought. A seal of the same block that came ahead of it is its own. */
  openThought(key: string, block: number): void {
    if (this.isOpen(key)) return;
    const ahead = this.#open === undefined && this.#seal?.block === block ? this.#seal : undefined;
    if (ahead !== undefined) this.#seal = undefined;
    this.open(key, { type: 'thinking', thinking: '', signature: '' });
    this.#seal = ahead;
  }

  /** Adds to the open block. */
  add(delta: RawContentBlockDelta): void {
    this.#write({ type: 'content_block_delta', index: this.#count - 1, delta });
  }

  /** Adds to the input of the call of this key, which has to be the open block. */
  addInput(key: string, json: string): void {
    if (!this.isOpen(key)) {
      throw new GatewayError('Arguments came for a tool call that another had followed.', {
        code: 'zerohop_malformed',
      });
    }
    this.add({ type: 'input_json_delta', partial_json: json });
  }

  /** Keeps a seal for the end of its thought. */
  seal(seal: Seal, isLasting: boolean): void {
    const { block } = seal;
    if (isLasting && this.#sealed.has(block)) return;
    const isBetter = isLasting && this.#seal?.block === block;
    if (this.#seal !== undefined && !isBetter) this.close();
    this.#seal = seal;
  }

  /** Whether the open thought has got its seal. */
  get isSealed(): boolean {
    return this.#seal !== undefined;
  }

  /** Ends the open block. */
  close(): void {
    const open = this.#open;
    this.#open = undefined;
    const seal = this.#seal;
    this.#seal = undefined;
    if (seal !== undefined) this.#sealed.add(seal.block);
    const isThought = open?.isThought === true;
    // One that nobody would take back tells so: an empty signature would be refused with the whole conversation.
    if (isThought) this.add({ type: 'signature_delta', signature: seal?.text ?? this.#noSeal });
    if (open !== undefined) this.#stop(open.ending);
    if (seal !== undefined && !isThought) this.#writeSeal(seal);
  }

  #writeSeal({ text, isSignature }: Seal): void {
    if (isSignature) {
      this.#start({ type: 'thinking', thinking: '', signature: '' });
      this.add({ type: 'signature_delta', signature: text });
    } else this.#start({ type: 'redacted_thinking', data: text });
    this.#stop('');
  }

  #start(block: Block): void {
    this.#write({ type: 'content_block_start', index: this.#count, content_block: block });
    this.#count += 1;
  }

  #stop(ending: string): void {
    if (ending !== '') this.add({ type: 'input_json_delta', partial_json: ending });
    this.#write({ type: 'content_block_stop', index: this.#count - 1 });
  }
}
