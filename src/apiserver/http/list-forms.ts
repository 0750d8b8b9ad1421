import { formatYaml, protobufItemHead, protobufListFrame } from "../../api/codec/index.ts";
import {
  formatApiVersion,
  type JsonObject,
  type JsonValue,
  type KubeObject,
  type ListMeta,
} from "../../api/meta/index.ts";
import { type Clock, TimeSlice } from "../../host/index.ts";
import type { ApiResponse, ListItem } from "../request.ts";
import { messageOf } from "./codecs.ts";
import type { OutputForm } from "./negotiate.ts";
import type { Piece } from "./send.ts";
import { partialMetadataJson } from "./table.ts";

type ListResponse = Extract<ApiResponse, { kind: "list" }>;
type As = OutputForm["as"];

/** What a list says beside its items: its own kind, or that of a list of metadata. */
function factsOf(response: ListResponse, as: As): { kind: string; apiVersion: string; metadata: ListMeta } {
  const { metadata } = response;
  if (as !== undefined) return { kind: "PartialObjectMetadataList", apiVersion: formatApiVersion(as), metadata };
  return { kind: response.listKind, apiVersion: response.apiVersion, metadata };
}

function headOf({ kind, apiVersion, metadata }: ReturnType<typeof factsOf>): string {
  return `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`;
}

const brace = Buffer.from("{");
const commaBrace = Buffer.from(",{");

/** A list, or one of metadata alone, as JSON, piece by piece; stored versions give their shared bytes. */
export function* jsonPieces(response: ListResponse, as: As): Generator<Piece> {
  yield headOf(factsOf(response, as));
  let first = true;
  const bare = new BareItems(response);
  for (const item of response.items) {
    if (as !== undefined || response.hasTypedItems) {
      if (!first) yield ",";
      yield as === undefined
        ? (item.entry?.json() ?? JSON.stringify(item.object))
        : partialMetadataJson(item.object, formatApiVersion(as));
    } else {
      yield first ? brace : commaBrace;
      yield bare.withoutBrace(item);
    }
    first = false;
  }
  yield "]}\n";
}

/** As jsonPieces, with line breaks and indentation. */
export function* prettyPieces(response: ListResponse, as: As): Generator<Piece> {
  const head = JSON.stringify({ ...factsOf(response, as), items: [] }, null, 2);
  if (response.items.length === 0) {
    yield `${head}\n`;
    return;
  }
  yield head.slice(0, head.lastIndexOf("]"));
  let separator = "\n    ";
  for (const item of response.items) {
    yield separator + JSON.stringify(shown(item, response, as), null, 2).replaceAll("\n", "\n    ");
    separator = ",\n    ";
  }
  yield "\n  ]\n}\n";
}

/** As YAML, whose fields are sorted. Writing one object takes a millisecond. */
export async function* yamlPieces(response: ListResponse, as: As, clock: Clock): AsyncGenerator<Piece> {
  const { kind, apiVersion, metadata } = factsOf(response, as);
  yield await formatYaml({ apiVersion });
  yield response.items.length === 0 ? "items: []\n" : "items:\n";
  const slice = new TimeSlice(clock);
  for (const item of response.items) {
    yield await formatYaml([shown(item, response, as)]);
    if (slice.isOver) await slice.next();
  }
  yield await formatYaml({ kind, metadata: { ...metadata } });
}

/** An item as it stands in the list: items do not repeat the kind and version that the list names. */
function shown(item: ListItem, response: ListResponse, as: As): JsonValue {
  if (as !== undefined) return metadataOf(item.object, as);
  if (response.hasTypedItems) return item.object as KubeObject & JsonObject;
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = item.object as KubeObject & JsonObject;
  return rest;
}

function metadataOf(object: KubeObject, as: NonNullable<As>): JsonObject {
  return JSON.parse(partialMetadataJson(object, formatApiVersion(as))) as JsonObject;
}

/** So many bytes of encoded items are kept from being counted until they are sent; what is above that is encoded twice. */
const keptBytesMax = 8 * 1024 * 1024;

/** As protobuf, which says before the items how long they are. @throws ApiError 406 at once for what has no such form. */
export async function* protobufPieces(response: ListResponse, as: As, clock: Clock): AsyncGenerator<Piece> {
  const { items } = response;
  const slice = new TimeSlice(clock);
  const encode = (item: ListItem | undefined, keeps: boolean): Uint8Array => {
    if (item === undefined) throw new Error("a list became shorter while it was written");
    return as === undefined ? messageOf(item.object, keeps) : messageOf(metadataOf(item.object, as), false);
  };
  const sizes: number[] = [];
  const kept: Uint8Array[] = [];
  let total = 0;
  for (const item of items) {
    const keeps = total < keptBytesMax;
    const message = encode(item, keeps);
    if (keeps) kept.push(message);
    sizes.push(message.length);
    total += protobufItemHead(message.length).length + message.length;
    if (slice.isOver) await slice.next();
  }
  const { head, tail } = protobufListFrame({ ...factsOf(response, as), metadata: { ...response.metadata } }, total);
  yield head;
  for (const [i, size] of sizes.entries()) {
    const message = kept[i] ?? encode(items[i], false);
    if (message.length !== size) throw new Error(`an item of a list has ${message.length} bytes and had ${size}`);
    yield protobufItemHead(size);
    yield message;
    if (slice.isOver) await slice.next();
  }
  yield tail;
}

/** Items of a list do not repeat the kind and version that the list names: cuts them off the front of the encoded object. */
class BareItems {
  readonly #prefixes: readonly Buffer[];

  constructor({ listKind, apiVersion }: ListResponse) {
    const kind = listKind.endsWith("List") ? listKind.slice(0, -4) : listKind;
    this.#prefixes = [
      Buffer.from(`{"apiVersion":"${apiVersion}","kind":"${kind}",`),
      Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersion}",`),
    ];
  }

  /** The item's JSON after its opening brace. */
  withoutBrace(item: ListItem): Buffer | string {
    if (item.entry !== undefined) {
      const bytes = item.entry.json();
      for (const prefix of this.#prefixes) {
        if (bytes.length > prefix.length && prefix.compare(bytes, 0, prefix.length) === 0) {
          return bytes.subarray(prefix.length);
        }
      }
    }
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = item.object;
    return JSON.stringify(rest).slice(1);
  }
}
