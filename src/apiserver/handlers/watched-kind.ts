import type { KindRegistry, ResourceKind } from "../../api/kinds/index.ts";
import type { WatchEventSink, Watching } from "../request.ts";

/** A watch that is to end when its kind goes. */
export interface EndingWithKind {
  readonly sink: WatchEventSink;
  /** The watch that ends; stopping it is what the answer does. */
  follow(watching: Watching): Watching;
  /** No watch came of it. */
  close(): void;
}

/**
 * Ends a watch when its kind is served no more, or is another one by now: clients read anew what there is. Kinds that are
 * built in stay.
 */
export function endWithKind(kinds: KindRegistry, kind: ResourceKind, sink: WatchEventSink): EndingWithKind {
  if (kind.decode === undefined) return { sink, follow: (watching) => watching, close() {} };
  let watching: Watching | undefined;
  let isOver = false;
  const finish = (): void => {
    isOver = true;
    unsubscribe();
  };
  const unsubscribe = kinds.subscribe(() => {
    if (isOver || kinds.byResource(kind.group, kind.version, kind.resource) === kind) return;
    finish();
    watching?.stop();
    sink.end();
  });
  return {
    sink: {
      events: (batch) => {
        if (!isOver) sink.events(batch);
      },
      backlog: sink.backlog && (() => sink.backlog?.() ?? 0),
      end: () => {
        if (isOver) return;
        finish();
        sink.end();
      },
    },
    follow(started) {
      watching = started;
      if (isOver) started.stop();
      return {
        stop: () => {
          finish();
          started.stop();
        },
      };
    },
    close: finish,
  };
}
