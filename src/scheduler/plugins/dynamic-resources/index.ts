/** DynamicResources: devices that pods claim (resource.k8s.io). */
import type { PostFilterPlugin } from "../../framework.ts";

export const dynamicResources: PostFilterPlugin = {
  name: "DynamicResources",
  wakesOn: {},
  // A pod that was refused before its claims were looked at: the original then asks for what it noted of them, in vain.
  postFilter: (_, { pod }) => ({
    helped: false,
    final: pod !== undefined,
    message: pod ? "not found" : "no new claims to deallocate",
  }),
};
