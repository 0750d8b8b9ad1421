import type { PathElement } from "./path-element.ts";

/**
 * Trie nodes that are made of the same children in the same order are the same object. Objects of one template own the
 * same fields thousands of times: without this each of them would hold maps and FieldsV1 of its own.
 */
export class SharedNodes<Node> {
  readonly #make: (isMember: boolean, children: ReadonlyMap<PathElement, Node>) => Node;
  #start = new Prefix<Node>(undefined, "", undefined);
  #count = 0;

  constructor(make: (isMember: boolean, children: ReadonlyMap<PathElement, Node>) => Node) {
    this.#make = make;
  }

  start(): Prefix<Node> {
    return this.#start;
  }

  /** The children so far and one more. */
  after(prefix: Prefix<Node>, element: PathElement, child: Node): Prefix<Node> {
    return prefix.find(element, child) ?? this.#extend(prefix, element, child);
  }

  node(prefix: Prefix<Node>, isMember: boolean): Node {
    const known = isMember ? prefix.asMember : prefix.asContainer;
    if (known !== undefined) return known;
    const node = this.#make(isMember, prefix.children());
    if (isMember) prefix.asMember = node;
    else prefix.asContainer = node;
    return node;
  }

  #extend(prefix: Prefix<Node>, element: PathElement, child: Node): Prefix<Node> {
    // Keys are the users' choice. Forgetting costs time only: nodes that are in use stay what they are.
    if (++this.#count > prefixesMax) {
      this.#start = new Prefix<Node>(undefined, "", undefined);
      this.#count = 0;
    }
    const next = new Prefix(prefix, element, child);
    prefix.remember(next);
    return next;
  }
}

const prefixesMax = 20_000;

/** The first children of a node, and what they may go on with. */
export class Prefix<Node> {
  asMember: Node | undefined;
  asContainer: Node | undefined;
  readonly #before: Prefix<Node> | undefined;
  readonly #element: PathElement;
  readonly #child: Node | undefined;
  /** Most have one continuation. */
  #only: Prefix<Node> | undefined;
  #more: Map<PathElement, Map<Node, Prefix<Node>>> | undefined;

  constructor(before: Prefix<Node> | undefined, element: PathElement, child: Node | undefined) {
    this.#before = before;
    this.#element = element;
    this.#child = child;
  }

  get isStart(): boolean {
    return this.#before === undefined;
  }

  find(element: PathElement, child: Node): Prefix<Node> | undefined {
    const only = this.#only;
    if (only !== undefined && only.#child === child && only.#element === element) return only;
    return this.#more?.get(element)?.get(child);
  }

  remember(next: Prefix<Node>): void {
    if (this.#only === undefined) {
      this.#only = next;
      return;
    }
    this.#more ??= new Map();
    const sameElement = this.#more.get(next.#element) ?? new Map<Node, Prefix<Node>>();
    if (next.#child !== undefined) sameElement.set(next.#child, next);
    this.#more.set(next.#element, sameElement);
  }

  children(): ReadonlyMap<PathElement, Node> {
    const found: [PathElement, Node][] = [];
    for (let at: Prefix<Node> | undefined = this; at !== undefined; at = at.#before) {
      if (at.#child !== undefined) found.push([at.#element, at.#child]);
    }
    return new Map(found.reverse());
  }
}
