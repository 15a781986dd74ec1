// Built from action/main.ts by "npm run build:action". Do not edit.
import { createRequire } from "node:module";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, readFileSync, realpathSync, statSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
// src/cli/child.ts
function handOnSignals(child) {
	const handlers = [
		"SIGINT",
		"SIGTERM",
		"SIGHUP"
	].map((signal) => {
		const handOn = () => {
			const reachesIt = process.stdin.isTTY || process.platform === "win32";
			if (signal !== "SIGINT" || !reachesIt) child.kill(signal);
		};
		process.on(signal, handOn);
		return [signal, handOn];
	});
	return () => {
		for (const [signal, handOn] of handlers) process.off(signal, handOn);
	};
}
function exitCodeOf({ code, signal }) {
	return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
// src/github/step-files.ts
function setOutputs(path, values, token) {
	const text = outputsText(values, token);
	if (path === void 0 || path === "") return {
		written: false,
		why: "GITHUB_OUTPUT is not set"
	};
	return append(path, text);
}
function outputsText(values, token) {
	const delimiter = `evalkit_${token}`;
	return Object.entries(values).map(([name, value]) => {
		if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new RangeError(`"${name}" is no name of an output`);
		if (value.includes(delimiter)) throw new RangeError("an output holds its own delimiter");
		return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
	}).join("");
}
function append(path, text) {
	try {
		appendFileSync(path, text);
		return { written: true };
	} catch (error) {
		return {
			written: false,
			why: `the file cannot be written: ${error instanceof Error ? error.message : ""}`
		};
	}
}
// src/lib/text.ts
const esc = String.fromCharCode(27);
const bell = String.fromCharCode(7);
const c1 = {
	csi: "\\u009b",
	strings: "[\\u009d\\u0090\\u0098\\u009e\\u009f]",
	end: "\\u009c"
};
const escapeSequence = new RegExp([
	`(?:${esc}\\[|${c1.csi})[0-?]*[ -/]*[@-~]`,
	`(?:${esc}[\\]PX^_]|${c1.strings})(?:[^\\p{Cc}]|\\t)*(?:${bell}|${esc}\\\\|${c1.end})`,
	`${esc}[ -/]+[0-~]`,
	`${esc}[78=>cDEHMNOZ\\\\]`
].join("|"), "gu");
const newlines = /\r\n?|[\u0085\u2028\u2029]/g;
const controls = /(?![\n\t])\p{Cc}/gu;
const bidi = /[\u202a-\u202e\u2066-\u2069]/g;
const blanks = "\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u3164\\uffa0\\ufe00-\\ufe0f\\u{e0000}-\\u{e0fff}";
const format = "[\\p{Cf}--[\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2]]";
const invisible = new RegExp(`[${format}${blanks}]`, "gv");
const suspicious = new RegExp(`[[[\\p{Cc}\\p{Cs}]--[\\n\\t]]${format}${blanks}\\u2028\\u2029]`, "v");
function plain(text) {
	if (!suspicious.test(text)) return text;
	return text.replace(escapeSequence, "").replace(newlines, "\n").replace(controls, "").replace(bidi, (mark) => `⟨U+${mark.charCodeAt(0).toString(16).toUpperCase()}⟩`).replace(invisible, "").toWellFormed();
}
function oneLine(text, max) {
	return cut(plain(cut(text, max * 4 + 4096)).replace(/\s+/g, " ").trim(), max);
}
function cut(text, max) {
	if (text.length <= max) return text;
	if (max < 1) return "";
	const last = text.charCodeAt(max - 2);
	const end = last >= 55296 && last <= 56319 ? max - 2 : max - 1;
	return `${text.slice(0, Math.max(end, 0))}…`;
}
function withoutCommands(text) {
	return text.replace(/^([^\S\n]*):(?=:)/gm, "$1: ").replace(/##(?=\w*\[)/g, "## ");
}
// action/inputs.ts
const flags = {
	ci: {
		trials: "value",
		baseline: "value",
		pool: "value",
		blobs: "value",
		reporters: "lines",
		suite: "value",
		"comment-author": "value",
		"on-inconclusive": "value",
		llm: "value",
		judges: "value",
		spend: "value"
	},
	comment: {
		suite: "value",
		"comment-author": "value"
	}
};
const operands = {
	ci: "evals",
	comment: "reports"
};
const inputNames = [
	"command",
	"working-directory",
	"report",
	"token",
	...new Set([
		...Object.keys(flags.ci),
		...Object.keys(flags.comment),
		...Object.values(operands)
	])
];
function readInputs(env) {
	const command = input(env, "command") || "ci";
	if (command !== "ci" && command !== "comment") return {
		ok: false,
		problems: [`The input "command" is ci or comment, not "${command}".`]
	};
	const own = new Set([
		...Object.keys(flags[command]),
		operands[command],
		...command === "ci" ? ["report"] : []
	]);
	const problems = inputNames.filter((name) => !own.has(name) && !everyones.has(name) && input(env, name) !== "").map((name) => `The input "${name}" does not go with the command "${command}".`);
	const given = [];
	for (const [name, kind] of Object.entries(flags[command])) {
		const values = lines(input(env, name));
		if (kind === "value" && values.length > 1) problems.push(`The input "${name}" is one line.`);
		given.push(...values.map((value) => `--${kind === "lines" ? "reporter" : name}=${value}`));
	}
	const behind = lines(input(env, operands[command]));
	if (command === "comment" && behind.length === 0) problems.push("The command \"comment\" needs the input \"reports\".");
	if (problems.length > 0) return {
		ok: false,
		problems
	};
	const folder = resolve(env["GITHUB_WORKSPACE"] ?? ".", input(env, "working-directory") || ".");
	const report = command === "ci" ? reportFolder(env, folder) : void 0;
	return {
		ok: true,
		asked: {
			folder,
			args: [
				command,
				...given,
				...report === void 0 ? [] : [`--report=${report}`],
				"--",
				...behind
			],
			token: input(env, "token"),
			report
		}
	};
}
const everyones = new Set([
	"command",
	"working-directory",
	"token"
]);
function reportFolder(env, folder) {
	const asked = input(env, "report");
	return asked === "" ? join(env["RUNNER_TEMP"] ?? folder, "evalkit-report") : resolve(folder, asked);
}
function input(env, name) {
	return (env[`INPUT_${name.toUpperCase()}`] ?? "").trim();
}
function lines(text) {
	return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}
// action/installed.ts
function installedIn(folder) {
	const manifest = resolved("evalkit/package.json", join(folder, "package.json"));
	if (manifest === void 0) return void 0;
	const { bin } = JSON.parse(readFileSync(manifest, "utf8"));
	if (bin?.evalkit === void 0) return void 0;
	return {
		launcher: join(dirname(manifest), bin.evalkit),
		hasGithubClient: resolved("@octokit/rest/package.json", realpathSync(manifest)) !== void 0
	};
}
function pathFrom(folder, path) {
	const folders = [];
	for (let at = folder;; at = dirname(at)) {
		folders.push(join(at, "node_modules", ".bin"));
		if (at === dirname(at)) break;
	}
	return [...folders, path].join(delimiter);
}
function resolved(specifier, from) {
	try {
		return createRequire(from).resolve(specifier);
	} catch (error) {
		return (error instanceof Error && "code" in error ? error.code : void 0) === "ERR_PACKAGE_PATH_NOT_EXPORTED" ? specifier : void 0;
	}
}
// action/main.ts
const delimiter$1 = randomBytes(18).toString("hex");
const { env } = process;
const mayComment = new Set(["pull_request", "workflow_run"]);
let code = 4;
try {
	code = await run();
} catch (error) {
	complain("error", `The action itself failed: ${error instanceof Error ? error.message : String(error)}`);
}
output({ exit: String(code) });
process.exitCode = code;
async function run() {
	const read = readInputs(env);
	output({
		verdict: env["INPUT_COMMAND"] === "comment" ? "" : "invalid",
		"comment-url": ""
	});
	if (!read.ok) {
		for (const problem of read.problems) complain("error", problem);
		return 2;
	}
	const { asked } = read;
	if (asked.report !== void 0) output({ report: asked.report });
	if (statSync(asked.folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
		complain("error", `The input "working-directory" names no folder: ${asked.folder}.`);
		return 2;
	}
	const installed = installedIn(asked.folder);
	if (installed === void 0) {
		complain("error", `evalkit is not installed in ${asked.folder}. Run "npm ci" in an earlier step, and keep evalkit among the devDependencies. It is looked for in node_modules.`);
		return 2;
	}
	if (!installed.hasGithubClient && asked.token !== "" && mayComment.has(env["GITHUB_EVENT_NAME"] ?? "")) complain("warning", "There will be no comment: npm install --save-dev @octokit/rest");
	return start(installed.launcher, asked);
}
async function start(launcher, { folder, args, token }) {
	const child = spawn("node", [launcher, ...args], {
		cwd: folder,
		env: environment(folder, token),
		stdio: [
			"ignore",
			"inherit",
			"inherit"
		]
	});
	const release = handOnSignals(child);
	try {
		const [code, signal] = await once(child, "exit");
		return exitCodeOf({
			code,
			signal
		});
	} catch (error) {
		complain("error", `Node cannot be started (${error instanceof Error && "code" in error ? String(error.code) : String(error)}). Put it on PATH with actions/setup-node.`);
		return 4;
	} finally {
		release();
	}
}
function environment(folder, token) {
	const kept = Object.entries(env).filter(([name]) => !/^(INPUT_|ACTIONS_(RUNTIME|RESULTS|CACHE)_)/i.test(name));
	const path = kept.find(([name]) => name.toUpperCase() === "PATH") ?? ["PATH", ""];
	return {
		...Object.fromEntries(kept),
		[path[0]]: pathFrom(folder, path[1] ?? ""),
		GITHUB_TOKEN: token
	};
}
function output(values) {
	const done = setOutputs(env["GITHUB_OUTPUT"], values, delimiter$1);
	if (!done.written) process.stderr.write(`no outputs: ${oneLine(done.why, 300)}\n`);
}
function complain(level, what) {
	const text = withoutCommands(oneLine(what, 1e3)).replaceAll("%", "%25");
	process.stdout.write(`::${level} title=evalkit::${text}\n`);
}
export {};
