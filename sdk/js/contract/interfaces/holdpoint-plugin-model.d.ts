declare module 'holdpoint:plugin/model@0.1.0' {
  /**
   * Seconds since 1970-01-01T00:00:00Z; negative before.
   */
  export type Timestamp = bigint;
  /**
   * Which part of a semantic version is counted up.
   * # Variants
   *
   * ## `"patch"`
   *
   * The third number.
   * ## `"minor"`
   *
   * The second number.
   * ## `"major"`
   *
   * The first number.
   */
  export type Bump = 'patch' | 'minor' | 'major';
  /**
   * How a project reads Conventional Commits below version 1.0.0, where Semantic Versioning
   * makes no promise.
   */
  export interface Versioning {
    /**
     * What a breaking change asks for below 1.0.0.
     */
    zeroBreaking: Bump,
    /**
     * What a feature asks for below 1.0.0.
     */
    zeroFeature: Bump,
  }
  /**
   * What is judged: a range of commits of one project, on its way to one target.
   */
  export interface Subject {
    /**
     * Name of the project, as the pipeline file or the repository's folder gives it.
     */
    project: string,
    /**
     * The version to be released, without the tag's prefix (`1.4.0`); absent when no tag and
     * no option names one and no commit asks for one.
     */
    version?: string,
    /**
     * The version that the range starts from; absent before the first release.
     */
    previous?: string,
    /**
     * Full object name of the judged commit, lower-case hexadecimal.
     */
    head: string,
    /**
     * Full object name of the commit that the range starts after; absent when the range
     * reaches back to the root commits.
     */
    base?: string,
    /**
     * Where the release is going, such as `production`; absent when the operator names none.
     */
    target?: string,
    /**
     * Path filter of the range, relative to the root of the repository, with `/`; absent when
     * the whole repository is judged.
     */
    path?: string,
    /**
     * How this project counts versions, stated by the operator.
     */
    versioning: Versioning,
    /**
     * Digest of the subject document, `sha256:` and 64 lower-case hexadecimal digits.
     */
    digest: string,
  }
  /**
   * What is known about this sitting. Everything but the time is claimed by the environment
   * that started the host, not verified.
   */
  export interface Circumstances {
    /**
     * The sitting's time: read once, or given by the operator.
     */
    time: Timestamp,
    /**
     * IANA name of the operator's time zone, `UTC` when there is none.
     */
    zone: string,
    /**
     * Seconds that clocks in that zone are ahead of UTC at that time; negative when behind.
     */
    utcOffset: number,
    /**
     * Who started the run, as the CI system claims; absent outside a known CI system.
     */
    initiator?: string,
    /**
     * The CI system, such as `github`, `gitlab`, `jenkins`, `buildkite`; absent outside one.
     */
    ci?: string,
    /**
     * Address of the CI job, as claimed.
     */
    jobUrl?: string,
    /**
     * Whether the working tree differs from the judged commit; absent where there is no
     * working tree, or where it has not been looked at.
     */
    dirty?: boolean,
    /**
     * Whether this is a dry run: effects are shown, not carried out.
     */
    dryRun: boolean,
  }
  /**
   * How much there is to read.
   */
  export interface Totals {
    /**
     * Commits in the range, merges included.
     */
    commits: number,
    /**
     * Commits with more than one parent.
     */
    merges: number,
    /**
     * Files that differ between base and head; a renamed file counts once.
     */
    files: number,
    /**
     * Lines added between base and head; binary files have none.
     */
    insertions: number,
    /**
     * Lines deleted between base and head; binary files have none.
     */
    deletions: number,
    /**
     * Files that the operator named as what is shipped.
     */
    artifacts: number,
  }
  /**
   * What is judged, under which circumstances, and how much of it there is.
   */
  export interface Release {
    /**
     * What is judged. Equal for every sitting of a run.
     */
    subject: Subject,
    /**
     * What is known about this sitting: it differs when a run is picked up again.
     */
    circumstances: Circumstances,
    /**
     * How much there is to read through `commits`, `changes` and `artifacts`.
     */
    totals: Totals,
  }
  /**
   * Size and spread of one commit's change.
   */
  export interface Measures {
    /**
     * Files touched; a renamed file counts once.
     */
    files: number,
    /**
     * Folders with a touched file directly in them.
     */
    directories: number,
    /**
     * Top-level folders with a touched file below them; files at the root count as one.
     */
    subsystems: number,
    /**
     * Lines added.
     */
    insertions: number,
    /**
     * Lines deleted.
     */
    deletions: number,
    /**
     * Shannon entropy in bits of the changed lines over the touched files: 0 when one file
     * has them all.
     */
    entropy: number,
    /**
     * Whether the message names a defect: it has one of the words `bug`, `bugfix`, `defect`,
     * `fix`, `hotfix` or `patch`, or a plural or a past form of one, in any case.
     */
    fix: boolean,
  }
  /**
   * A commit, thin: what almost every plugin reads. The rest is in `commit-text`.
   */
  export interface Commit {
    /**
     * Full object name, lower-case hexadecimal.
     */
    id: string,
    /**
     * Author's name.
     */
    author: string,
    /**
     * When the author made it.
     */
    time: Timestamp,
    /**
     * First line of the message.
     */
    summary: string,
    /**
     * Number of parents: 0 for a root commit, more than 1 for a merge.
     */
    parents: number,
    /**
     * Whether a signature is present. It has not been verified.
     */
    signed: boolean,
    /**
     * Measures of the change that it makes to its first parent; all zero for a merge, whose
     * changes are counted where they were made.
     */
    measures: Measures,
  }
  /**
   * One `key: value` line at the end of a commit message.
   */
  export interface Trailer {
    /**
     * The key, as written.
     */
    key: string,
    /**
     * The value, folded lines joined with one space.
     */
    value: string,
  }
  /**
   * A name and an address, as claimed in a commit.
   */
  export interface Person {
    /**
     * Name; may be empty.
     */
    name: string,
    /**
     * Electronic mail address; may be empty.
     */
    email: string,
  }
  /**
   * The rest of a commit, for those who read it.
   */
  export interface CommitText {
    /**
     * Full object name, lower-case hexadecimal.
     */
    id: string,
    /**
     * The message after its first line, without leading and trailing blank lines.
     */
    body: string,
    /**
     * The trailers of the last paragraph, in order (`Signed-off-by: …`).
     */
    trailers: Array<Trailer>,
    /**
     * Who wrote it.
     */
    author: Person,
    /**
     * Who committed it.
     */
    committer: Person,
    /**
     * When it was committed.
     */
    committed: Timestamp,
  }
  /**
   * What happened to a file.
   * # Variants
   *
   * ## `"added"`
   *
   * Not in the base.
   * ## `"modified"`
   *
   * Content or mode differs.
   * ## `"deleted"`
   *
   * Not in the judged commit.
   * ## `"renamed"`
   *
   * At another path, with at least half of its content.
   * ## `"retyped"`
   *
   * Of another type: a file became a link, a link became a submodule.
   */
  export type ChangeKind = 'added' | 'modified' | 'deleted' | 'renamed' | 'retyped';
  /**
   * A file that differs between base and head.
   */
  export interface Change {
    /**
     * Path in the judged commit, or in the base for a deleted file; with `/`.
     */
    path: string,
    /**
     * Where the file came from, when `how` is `renamed`.
     */
    oldPath?: string,
    /**
     * What happened to it.
     */
    how: ChangeKind,
    /**
     * Lines added; 0 for a binary file.
     */
    insertions: number,
    /**
     * Lines deleted; 0 for a binary file.
     */
    deletions: number,
    /**
     * Whether either side is binary, so that lines cannot be counted.
     */
    binary: boolean,
    /**
     * Code owners of the path. They count only when `owners-trusted`.
     */
    owners: Array<string>,
    /**
     * Whether the owners were read from the trusted configuration, not from the judged commit.
     */
    ownersTrusted: boolean,
  }
  /**
   * A file that is shipped, named by the operator and read once.
   */
  export interface Artifact {
    /**
     * Name given by the operator.
     */
    name: string,
    /**
     * `sha256:` and 64 lower-case hexadecimal digits.
     */
    digest: string,
    /**
     * Size in bytes.
     */
    size: bigint,
  }
  /**
   * How much a finding matters before the operator says otherwise.
   * # Variants
   *
   * ## `"info"`
   *
   * Worth knowing.
   * ## `"warning"`
   *
   * Worth a look; does not block.
   * ## `"error"`
   *
   * Blocks the release in an enforced stage.
   */
  export type Severity = 'info' | 'warning' | 'error';
  /**
   * A file, and where in it.
   */
  export interface FileLocation {
    /**
     * Path, with `/`.
     */
    path: string,
    /**
     * Line, counted from 1; absent for the whole file.
     */
    line?: number,
  }
  /**
   * Where a finding is.
   */
  export type Location = LocationRelease | LocationCommit | LocationFile | LocationArtifact;
  /**
   * The release as a whole.
   */
  export interface LocationRelease {
    tag: 'release',
  }
  /**
   * A commit, by its full object name.
   */
  export interface LocationCommit {
    tag: 'commit',
    val: string,
  }
  /**
   * A file of the judged commit.
   */
  export interface LocationFile {
    tag: 'file',
    val: FileLocation,
  }
  /**
   * An artifact or a piece of evidence, by name.
   */
  export interface LocationArtifact {
    tag: 'artifact',
    val: string,
  }
  /**
   * One reason against a release.
   */
  export interface Finding {
    /**
     * Id of a rule in the plugin's manifest, kebab-case, without the plugin's name.
     */
    rule: string,
    /**
     * How much it matters; absent for the rule's default.
     */
    severity?: Severity,
    /**
     * What is wrong here, one or two sentences naming what was touched.
     */
    message: string,
    /**
     * Where it is.
     */
    location: Location,
    /**
     * What to do about it; absent for the rule's own help.
     */
    help?: string,
  }
  /**
   * What sort of fault it is.
   * # Variants
   *
   * ## `"settings"`
   *
   * The settings fit their schema and still make no sense.
   * ## `"missing"`
   *
   * Something that was asked for through the host is not there.
   * ## `"malformed"`
   *
   * Something that was read does not have the expected form.
   * ## `"unavailable"`
   *
   * Another system did not answer, or answered with an error.
   * ## `"internal"`
   *
   * A defect of the plugin.
   */
  export type FaultCode = 'settings' | 'missing' | 'malformed' | 'unavailable' | 'internal';
  /**
   * The plugin could not decide. A fault blocks unless the operator says otherwise; a finding is
   * what to return when it could.
   */
  export interface Fault {
    /**
     * What could not be done, and why.
     */
    message: string,
    /**
     * What sort of fault it is; absent when the plugin does not know.
     */
    code?: FaultCode,
    /**
     * Whether the same call may succeed later.
     */
    retry: boolean,
  }
  /**
   * One header of a request or a response.
   */
  export interface Header {
    /**
     * Name, in any case.
     */
    name: string,
    /**
     * Value; in a request it may contain a placeholder of `secrets`.
     */
    value: string,
  }
}
