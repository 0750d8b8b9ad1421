import type { ResourceType } from "../client/index.ts";
import type { RunningController, StartController } from "./context.ts";

/**
 * A controller of a resource that servers may leave out: it is started where that is served, and else does nothing. Where that
 * cannot be told it is started, too.
 */
export function ifServed({ group, version, resource }: ResourceType, start: StartController): StartController {
  return (context) => {
    let controller: RunningController | undefined;
    let stopped = false;
    const started = context.discovery.resources().then(
      (all) => {
        const served = all.some((one) => one.group === group && one.version === version && one.resource === resource);
        if (served && !stopped) controller = start(context);
        if (!served)
          context.host.log.info("not served: its controller has nothing to do", { group, version, resource });
      },
      (error: unknown) => {
        context.host.log.error("cannot tell what is served", { group, version, resource, error });
        if (!stopped) controller = start(context);
      },
    );
    return {
      async stop() {
        stopped = true;
        await started;
        await controller?.stop();
      },
    };
  };
}
