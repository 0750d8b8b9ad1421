/** What a list asks for, as far as its work depends on it. */
export interface ListQuestion {
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  /** It is about one object alone. */
  readonly isOfOne: boolean;
  readonly limit: number;
  readonly hasSelector: boolean;
}

const objectsPerSeat = 100;
const seatsMax = 10;
const placesMax = 10_000;

/**
 * How many seats a list takes: one for each hundred objects that are read for it and written out. How many there are is known
 * from the lists before.
 */
export class ListSeats {
  readonly #counts = new Map<string, number>();

  of(question: ListQuestion): number {
    const { isOfOne, limit, hasSelector } = question;
    const count = isOfOne ? undefined : this.#counts.get(placeOf(question));
    if (count === undefined) return 1;
    const written = limit > 0 && limit < count ? limit : count;
    // With a selector all may have to be looked at before enough are found.
    const work = hasSelector ? count + written : 2 * written;
    return Math.min(seatsMax, Math.max(1, Math.ceil(work / objectsPerSeat)));
  }

  /** A list without selectors told how many there are. */
  learn(question: Omit<ListQuestion, "isOfOne" | "limit" | "hasSelector">, count: number): void {
    if (this.#counts.size >= placesMax) this.#counts.clear();
    this.#counts.set(placeOf(question), count);
  }
}

function placeOf({ group, resource, namespace }: Pick<ListQuestion, "group" | "resource" | "namespace">): string {
  return `${group}/${resource}/${namespace}`;
}
