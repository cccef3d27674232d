/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/document@0.1.0' {
  /**
   * The edits to make; shown as a difference before anything is written. Edits of parts of one
   * file are put together in their order. One that does not fit the file is a fault.
   */
  export function render(release: Release, settings: string): Array<Edit>;
  export type Release = import('holdpoint:plugin/model@0.1.0').Release;
  export type Fault = import('holdpoint:plugin/model@0.1.0').Fault;
  /**
   * What stands between two lines that mark it.
   */
  export interface Section {
    /**
     * The line before it, which the file has exactly once. Blanks around it do not count.
     */
    begin: string,
    /**
     * The line after it, which the file has exactly once.
     */
    end: string,
    /**
     * The lines to stand between the two, in place of those that do.
     */
    content: string,
  }
  /**
   * Lines below a heading.
   */
  export interface Insertion {
    /**
     * The line below which they go, which the file has exactly once. Blanks around it do not
     * count.
     */
    heading: string,
    /**
     * The lines, set off by an empty line on both sides.
     */
    content: string,
  }
  /**
   * What is written, and where in the file. A part is put into the file of the judged commit, by
   * the host: a plugin need not read the file for it.
   */
  export type NewContent = NewContentWhole | NewContentSection | NewContentInsertion;
  /**
   * The whole file, which need not be there yet.
   */
  export interface NewContentWhole {
    tag: 'whole',
    val: string,
  }
  /**
   * A part of the file, between two lines.
   */
  export interface NewContentSection {
    tag: 'section',
    val: Section,
  }
  /**
   * More lines below a heading.
   */
  export interface NewContentInsertion {
    tag: 'insertion',
    val: Insertion,
  }
  /**
   * New content of a file in the checkout.
   */
  export interface Edit {
    /**
     * Path relative to the root of the repository, with `/`; no `.` and no `..`.
     */
    path: string,
    /**
     * What is written.
     */
    content: NewContent,
    /**
     * What is edited, in a few words.
     */
    title: string,
  }
}
