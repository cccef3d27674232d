/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/resource@0.1.0' {
  /**
   * What the release needs; empty when it needs nothing.
   */
  export function claim(release: Release, settings: string): Array<Requirement>;
  export type Release = import('holdpoint:plugin/model@0.1.0').Release;
  export type Fault = import('holdpoint:plugin/model@0.1.0').Fault;
  export type Timestamp = import('holdpoint:plugin/model@0.1.0').Timestamp;
  /**
   * How a lease is shared.
   * # Variants
   *
   * ## `"exclusive"`
   *
   * Nobody else may hold it.
   * ## `"shared"`
   *
   * Others may hold it shared at the same time.
   */
  export type Sharing = 'exclusive' | 'shared';
  /**
   * A key to hold while the release is carried out.
   */
  export interface LeaseClaim {
    /**
     * The key, such as `environment/production`.
     */
    key: string,
    /**
     * How it is shared.
     */
    sharing: Sharing,
  }
  /**
   * A span of time to be in, half-open: `start` belongs to it and `end` does not.
   */
  export interface WindowClaim {
    /**
     * From when on; absent for no lower bound.
     */
    start?: Timestamp,
    /**
     * Until when; absent for no upper bound.
     */
    end?: Timestamp,
  }
  /**
   * People who have to release the hold.
   */
  export interface ApprovalClaim {
    /**
     * A person or a role, as the operator's configuration names it.
     */
    principal: string,
    /**
     * How many of them.
     */
    count: number,
  }
  /**
   * What is claimed.
   */
  export type Demand = DemandLease | DemandWindow | DemandApproval;
  /**
   * A lease on a key.
   */
  export interface DemandLease {
    tag: 'lease',
    val: LeaseClaim,
  }
  /**
   * A window to be in.
   */
  export interface DemandWindow {
    tag: 'window',
    val: WindowClaim,
  }
  /**
   * An approval.
   */
  export interface DemandApproval {
    tag: 'approval',
    val: ApprovalClaim,
  }
  /**
   * One thing that has to be free, and why.
   */
  export interface Requirement {
    /**
     * What is claimed.
     */
    demand: Demand,
    /**
     * Why, for those who wait for it.
     */
    reason: string,
  }
}
