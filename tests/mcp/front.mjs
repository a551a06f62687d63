// The conformance suite speaks plain HTTP without a key.  This stands before
// a server and speaks as that one wants to be spoken to:
//
//	node front.mjs gateway URL KEY_FILE	acdbd on plaintext, with the key
//	node front.mjs stdio COMMAND...		a server on its standard input
//
// It listens on a free port of localhost and prints its URL.  What it does
// to HTTP in the way of statuses and sessions before a server on stdio is its
// own, and says nothing about that server.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createInterface } from "node:readline";

const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
const VERSION = "io.modelcontextprotocol/protocolVersion";
const SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";

// Head and body pass as they are, the Host and Origin that came included.
function toGateway([url, keyFile]) {
	const key = readFileSync(keyFile, "utf8").trim();

	return (req, res) => {
		const onward = request(url, {
			method: req.method,
			headers: { ...req.headers, authorization: `Bearer ${key}` },
		}, (answer) => {
			res.writeHead(answer.statusCode, answer.headers);
			answer.pipe(res);
		});
		onward.on("error", (e) => res.writeHead(502).end(`${e}`));
		res.on("close", () => onward.destroy());
		req.pipe(onward);
	};
}

// A process of the server.  The ids of requests are made unique, since
// several clients of the suite share one process.
class Child {
	constructor(command) {
		this.open = new Map();
		this.last = 0;
		this.process = spawn(command[0], command.slice(1),
		    { stdio: ["pipe", "pipe", "inherit"] });
		createInterface({ input: this.process.stdout })
		    .on("line", (line) => this.take(JSON.parse(line)));
		this.process.on("exit", () => {
			for (const call of this.open.values())
				call.end({ code: -32603, message: "it has ended" });
		});
	}

	send(message) {
		this.process.stdin.write(`${JSON.stringify(message)}\n`);
	}

	take(message) {
		const call = this.open.get(message.id);

		if (message.method === undefined && call !== undefined) {
			this.open.delete(message.id);
			call.done({ ...message, id: call.id });
		} else if (message.method !== undefined)
			this.pass(message);
	}

	// What is said of one subscription goes to that, all else to everybody.
	pass(message) {
		const meta = message.params?._meta;
		const to = meta?.[SUBSCRIPTION];

		for (const [id, call] of this.open) {
			if (to !== undefined && to !== id)
				continue;
			if (to !== undefined)
				meta[SUBSCRIPTION] = call.id;
			call.event(message);
		}
	}

	ask(message, res, headers) {
		const id = `front-${++this.last}`;

		this.open.set(id, new Call(message.id, res, headers));
		res.on("close", () => {
			if (this.open.delete(id))
				this.send({ jsonrpc: "2.0",
				    method: "notifications/cancelled",
				    params: { requestId: id } });
		});
		this.send({ ...message, id });
	}
}

// A request whose answer is awaited: JSON, or events once there is one.
class Call {
	constructor(id, res, headers) {
		Object.assign(this, { id, res, headers });
	}

	event(message) {
		if (!this.res.headersSent)
			this.res.writeHead(200, { ...this.headers,
			    "content-type": "text/event-stream" });
		this.res.write("event: message\n" +
		    `data: ${JSON.stringify(message)}\n\n`);
	}

	done(message) {
		if (this.res.headersSent) {
			this.event(message);
			this.res.end();
			return;
		}
		this.res.writeHead(statusOf(message), { ...this.headers,
		    "content-type": "application/json" });
		this.res.end(JSON.stringify(message));
	}

	end(error) {
		this.done({ jsonrpc: "2.0", id: this.id, error });
	}
}

function statusOf(message) {
	if (message.error?.code === -32601)
		return 404;
	return [-32700, -32600, -32020, -32021, -32022]
	    .includes(message.error?.code) ||
	    /_meta needs/.test(message.error?.message) ? 400 : 200;
}

async function bodyOf(req) {
	const pieces = [];

	for await (const piece of req)
		pieces.push(piece);
	return JSON.parse(Buffer.concat(pieces).toString());
}

// A process for each session of the older era, one for all of the newer.
function toStdio(command) {
	const sessions = new Map();
	let shared;

	function session(id, message) {
		if (message.method === "initialize" &&
		    message.params?._meta?.[VERSION] === undefined) {
			id = `session-${sessions.size}`;
			sessions.set(id, new Child(command));
		}
		return id;
	}

	async function serve(req, res) {
		let id = req.headers["mcp-session-id"];

		if (req.method === "DELETE" && sessions.has(id)) {
			sessions.get(id).process.stdin.end();
			sessions.set(id, undefined);
			res.writeHead(200).end();
			return;
		}
		if (req.method !== "POST") {
			res.writeHead(405, { allow: "POST, DELETE" }).end();
			return;
		}
		const message = await bodyOf(req);
		id = session(id, message);
		const child = id !== undefined ? sessions.get(id) :
		    (shared ??= new Child(command));
		if (child === undefined)
			res.writeHead(404).end();
		else if (message.id === undefined ||
		    message.method === undefined) {
			child.send(message);
			res.writeHead(202).end();
		} else
			child.ask(message, res,
			    id === undefined ? {} : { "mcp-session-id": id });
	}

	return (req, res) => {
		const origin = req.headers.origin;

		if (!LOCAL.test(req.headers.host ?? "") || (origin !== undefined &&
		    !LOCAL.test(URL.parse(origin)?.host ?? "")))
			res.writeHead(403).end();
		else
			serve(req, res).catch((e) =>
			    res.writeHead(400).end(`${e}`));
	};
}

const [mode, ...rest] = process.argv.slice(2);
const serve = { gateway: toGateway, stdio: toStdio }[mode](rest);
const server = createServer(serve);

server.listen(0, "localhost", () =>
	console.log(`http://localhost:${server.address().port}/mcp`));
