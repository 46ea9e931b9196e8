/**
 * What the path of a source file says: that a tool wrote it, or that it was copied from another project.
 *
 * The conventions are those that GitHub's Linguist and go-enry go by. Invariant: a path alone decides, `/` between
 * folders, case counts. Price: a microsecond a path.
 */

/** Folders, anywhere in a path, of code from elsewhere: packages, submodules, builds. */
const VENDORED_FOLDERS = new Set(
  (
    "node_modules bower_components vendor vendors Vendor third_party third-party thirdparty 3rdparty " +
    "3rd-party 3rd_party Third_Party ThirdParty extern external externals Extern External Externals cache " +
    "dist testdata env .yarn .vscode .github .obsidian .teamcity ace-builds admin_media bootstrap-datepicker " +
    "Carthage MathJax puphpet Sparkle flow-typed extjs .google_apis"
  ).split(" "),
);
/** The same at the root of a repository. */
const VENDORED_ROOTS = new Set("deps dependencies Dependencies debian".split(" "));
/** Files that projects carry along from their tools. */
const VENDORED_FILES = new Set(
  (
    "configure config.guess config.sub aclocal.m4 libtool.m4 ltoptions.m4 ltsugar.m4 ltversion.m4 " +
    "lt~obsolete.m4 cpplint.py erlang.mk gradlew gradlew.bat mvnw mvnw.cmd waf rebar fabfile.py Vagrantfile " +
    "Jenkinsfile .gitattributes .gitignore .gitmodules .DS_Store proguard.pro proguard-rules.pro activator " +
    "activator.bat html5shiv.js normalize.css animate.css effects.js controls.js dragdrop.js Chart.js " +
    "ckeditor.js dojo.js pdf.worker.js bootbox.js"
  ).split(" "),
);
/** Libraries by the beginning of their scripts and styles. */
const LIBRARIES = [
  /^(?:jquery|bootstrap|angular|prototype|mootools|yui|yahoo-|tiny_mce|modernizr|knockout-|cordova|foundation)/,
  /^(?:react(?:-[^.]*)?\.js$|d3(?:\.v\d+)?[^.]*\.js$|font-?awesome|MochiKit|shBrush|shCore)/,
];
const SCRIPT = /\.(?:js|css|less|scss|styl|sass)$/;
const OTHER_VENDORED = [
  /(?:[.-]min\.(?:js|css)|\.d\.ts|-vsdoc\.js|\.intellisense\.js)$/,
  /(?:^|\/)(?:docs?\/_?(?:build|themes?|templates?|static)|(?:[Tt]ests?|[Ss]pecs?)\/fixtures)\//,
  /(?:^|\/)(?:gradle\/wrapper|\.mvn\/wrapper|inst\/extdata|Godeps\/_workspace)\//,
];

/** Whether `path` is of code that was copied from elsewhere. */
export function isVendoredPath(path: string): boolean {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const name = parts.pop() ?? "";
  if (parts.some((part) => VENDORED_FOLDERS.has(part)) || VENDORED_ROOTS.has(parts[0] ?? "")) return true;
  return VENDORED_FILES.has(name) || (SCRIPT.test(name) && isLike(name, LIBRARIES)) || isLike(path, OTHER_VENDORED);
}

const GENERATED_FOLDERS = new Set("node_modules .idea Pods Godeps __generated__ htmlcov".split(" "));
const GENERATED_FILES = new Set(
  (
    "Gopkg.lock glide.lock poetry.lock pdm.lock uv.lock esy.lock deno.lock npm-shrinkwrap.json " +
    "package-lock.json pnpm-lock.yaml yarn.lock composer.lock Cargo.lock Cargo.toml.orig flake.lock " +
    "MODULE.bazel.lock Pipfile.lock .terraform.lock.hcl Gemfile.lock"
  ).split(" "),
);
const OTHER_GENERATED = [
  /\.(?:nib|xcworkspacedata|xcuserstate|(?:js|css)\.map)$/i,
  /(?:\.designer\.(?:cs|vb)|\.feature\.cs|_tlb\.pas|\.zep\.(?:c|h|php)|\.pb\.(?:go|h|cc)|_pb2(?:_grpc)?\.pyi?)$/i,
  /(?:^|\/)(?:\.pnp\.[^/]*$|Carthage\/Build\/|\.sqlx\/query-[^/]+\.json$)/i,
];

/** Whether `path` is of a file that a tool wrote. */
export function isGeneratedPath(path: string): boolean {
  const parts = path.split("/");
  const name = parts.at(-1) ?? "";
  if (GENERATED_FILES.has(name) || parts.some((part) => GENERATED_FOLDERS.has(part))) return true;
  return isLike(path, OTHER_GENERATED);
}

function isLike(text: string, patterns: readonly RegExp[]): boolean {
  return patterns.some((pattern) => pattern.test(text));
}

/** Whether `path` is of a script or a style sheet, which are written to be sent in few bytes. */
export function mayBeMinified(path: string): boolean {
  return /\.(?:[cm]?js|css)$/i.test(path);
}
