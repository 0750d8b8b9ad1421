import type { ApiHandler, ApiRequest, WatchEventSink, Watching } from "./request.ts";

/** The watches that are open, so that a stop can end them. */
export class OpenWatches {
  readonly #open = new Set<{ watching?: Watching; sink: WatchEventSink }>();

  following(handler: ApiHandler): ApiHandler {
    return {
      handle: (request) => handler.handle(request),
      watch: (request, sink) => this.#watch(handler, request, sink),
    };
  }

  endAll(): void {
    for (const { watching, sink } of [...this.#open]) {
      watching?.stop();
      sink.end();
    }
    this.#open.clear();
  }

  async #watch(handler: ApiHandler, request: ApiRequest, sink: WatchEventSink): Promise<Watching> {
    const open: { watching?: Watching; sink: WatchEventSink } = { sink };
    let ended = false;
    const watching = await handler.watch(request, {
      events: (batch) => sink.events(batch),
      backlog: sink.backlog && (() => sink.backlog?.() ?? 0),
      end: () => {
        ended = true;
        this.#open.delete(open);
        sink.end();
      },
    });
    open.watching = watching;
    if (!ended) this.#open.add(open);
    return {
      stop: () => {
        this.#open.delete(open);
        watching.stop();
      },
    };
  }
}
