import type { FieldShape, ObjectShape } from "../../schema/index.ts";

/** A place on the wire: a field of JSON, or an embedded message that holds more of them although JSON is flat. */
export type Slot = FieldSlot | EmbeddedSlot;

export interface FieldSlot {
  readonly id: number;
  readonly field: FieldShape;
  /** Go has no pointer there: the wire has it always, also when it is zero. */
  readonly always: boolean;
}

export interface EmbeddedSlot {
  readonly id: number;
  readonly slots: readonly Slot[];
}

const layouts = new WeakMap<ObjectShape, readonly Slot[]>();

/** The slots of a message in ascending order of their numbers. */
export function layoutOf(shape: ObjectShape): readonly Slot[] {
  let layout = layouts.get(shape);
  if (layout === undefined) {
    const fields = [...shape.fields.values()].filter((f) => f.protoId !== undefined);
    layout = slotsAt(
      fields.map((field) => ({ field, embedded: field.protoEmbedded ?? [] })),
      0,
    );
    layouts.set(shape, layout);
  }
  return layout;
}

interface Placed {
  readonly field: FieldShape;
  readonly embedded: readonly number[];
}

function slotsAt(fields: readonly Placed[], depth: number): Slot[] {
  const slots: Slot[] = [];
  const inner = new Map<number, Placed[]>();
  for (const placed of fields) {
    const id = placed.embedded[depth];
    if (id !== undefined) inner.set(id, [...(inner.get(id) ?? []), placed]);
    else slots.push(fieldSlot(placed.field));
  }
  for (const [id, placed] of inner) slots.push({ id, slots: slotsAt(placed, depth + 1) });
  return slots.sort((a, b) => a.id - b.id);
}

function fieldSlot(field: FieldShape): FieldSlot {
  const { shape } = field;
  const scalar = shape.kind === "scalar" && shape.scalar !== "bytes";
  const always = field.always === true && (scalar || shape.kind === "object");
  return { id: field.protoId ?? 0, field, always: always || field.omitZero === true };
}
