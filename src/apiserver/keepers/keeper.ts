import type { KindRegistry } from "../../api/kinds/index.ts";
import { isReason } from "../../api/meta/index.ts";
import type { FlowSchema, PriorityLevelConfiguration } from "../../api/types/index.ts";
import type { Host } from "../../host/index.ts";
import type { Store } from "../../store/index.ts";
import type { ApiHandler, ApiRequest, UserInfo } from "../request.ts";

export interface KeeperOptions {
  readonly host: Host;
  readonly store: Store;
  readonly kinds: KindRegistry;
  /** Without authorization. */
  readonly handler: ApiHandler;
}

/** Is told what flow schemas and priority levels there are. */
export interface FlowListener {
  configure(schemas: Iterable<FlowSchema>, levels: Iterable<PriorityLevelConfiguration>): void;
}

/** Runs until it is closed. */
export interface Keeper {
  close(): void | Promise<void>;
}

/** As whom the API server writes. */
export const itself: UserInfo = { name: "system:apiserver", groups: ["system:masters", "system:authenticated"] };

/** Writes a status as the API server itself; an object that has gone meanwhile needs none. */
export async function writeStatus(
  { handler, host }: KeeperOptions,
  request: Pick<ApiRequest, "group" | "version" | "resource" | "name" | "patchType" | "body" | "options">,
): Promise<void> {
  try {
    await handler.handle({
      ...request,
      verb: "patch",
      subresource: "status",
      user: itself,
      userAgent: "kube-apiserver/v1.36.2",
    });
  } catch (error) {
    if (isReason(error, "NotFound")) return;
    const { resource, name } = request;
    host.log.error("a status cannot be written", { resource, name, error: String(error) });
  }
}
