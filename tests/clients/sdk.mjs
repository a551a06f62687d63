// The official TypeScript SDKs against what is built here: every tool is
// listed and called, its result held against its outputSchema by the SDK.
//
// usage: node sdk.mjs MODULES v1|v2 stdio|http legacy|modern
//
// The environment leads to the gateway; acdb-mcp is found through PATH.
// Prints "ok - WHAT" or "not ok - WHAT" for each thing looked at.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [modules, sdk, transport, era] = process.argv.slice(2);
const load = createRequire(`${modules}/`);
const env = process.env;
const name = { v1: '@modelcontextprotocol/sdk/client',
	v2: '@modelcontextprotocol/client' }[sdk];
const { Client } = load(sdk === 'v1' ? `${name}/index.js` : name);
const { StreamableHTTPClientTransport } =
    load(sdk === 'v1' ? `${name}/streamableHttp.js` : name);
const { StdioClientTransport } =
    load(sdk === 'v1' ? `${name}/stdio.js` : `${name}/stdio`);

const make = {
	stdio: () => new StdioClientTransport({ command: 'acdb-mcp', env }),
	http: () => new StreamableHTTPClientTransport(
	    new URL(`${env.AGENTCOOPDB_GATEWAY_URL}/v1/mcp`), { requestInit: {
	    headers: { Authorization: 'Bearer ' + readFileSync(
	    env.AGENTCOOPDB_API_KEY_FILE, 'utf8').trim() } } }),
};

let failed = 0;
async function look(what, f) {
	try {
		await f();
		console.log(`ok - ${what}`);
	} catch (e) {
		failed++;
		console.log(`not ok - ${what}\n# ${String(e).replaceAll('\n',
		    '\n# ')}`);
	}
}

let asked = 0, agrees = false;
const client = new Client({ name: 'test', version: '1' }, {
	capabilities: { elicitation: { form: {} } },
	versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } :
	    'legacy' } });
async function onElicit(request) {
	asked++;
	assert.match(request.params.message, /things has \d+ rows? now/);
	return agrees ? { action: 'accept', content: { confirm: true } } :
	    { action: 'decline' };
}
if (sdk === 'v1')
	client.setRequestHandler(load('@modelcontextprotocol/sdk/types.js')
	    .ElicitRequestSchema, onElicit);
else
	client.setRequestHandler('elicitation/create', onElicit);

await look('connects', () => client.connect(make[transport]()));

const calls = JSON.parse(readFileSync(new URL('calls.json',
    import.meta.url), 'utf8'));
await look('lists every tool', async () => {
	const { tools } = await client.listTools();
	assert.deepEqual(tools.map(t => t.name).sort(),
	    calls.map(c => c[0]).sort());
	for (const t of tools)
		assert.equal(t.outputSchema.type, 'object');
});
for (const [tool, args] of calls)
	await look(`calls ${tool}`, async () => {
		const r = await client.callTool({ name: tool,
		    arguments: args });
		assert.ok(!r.isError, JSON.stringify(r.content));
		assert.deepEqual(JSON.parse(r.content[0].text),
		    r.structuredContent);
	});
await look('an error of a tool is a result', async () => {
	const r = await client.callTool({ name: 'sql_query',
	    arguments: { sql: 'SELECT nope' } });
	assert.ok(r.isError);
	assert.match(r.content[0].text, /42703/);
});
await look('resources, prompts, completion', async () => {
	assert.match((await client.readResource({ uri: 'acdb://guide' }))
	    .contents[0].text, /^# /);
	assert.equal((await client.listResourceTemplates()).resourceTemplates
	    .length, 1);
	assert.equal((await client.listPrompts()).prompts.length, 3);
	assert.match((await client.getPrompt({ name: 'tune-query',
	    arguments: { sql: 'SELECT 42' } })).messages[0].content.text,
	    /SELECT 42/);
	assert.deepEqual((await client.complete({ ref: { type: 'ref/resource',
	    uri: 'acdb://schema/{schema}/{table}' }, argument: { name: 'table',
	    value: 'thi' } })).completion.values, ['things']);
});
// Over HTTP there is nothing that a legacy client could be asked on.
if (era === 'modern' || transport === 'stdio')
	await look('the user is asked before data goes', async () => {
		const drop = { name: 'sql_execute',
		    arguments: { sql: 'DELETE FROM things' } };
		let r = await client.callTool(drop);
		assert.equal(asked, 1);
		assert.ok(r.isError);
		assert.match(r.content[0].text, /declined/);
		agrees = true;
		r = await client.callTool(drop);
		assert.equal(asked, 2);
		assert.ok(!r.isError, JSON.stringify(r.content));
		assert.ok(r.structuredContent.rows_affected > 0);
	});
await look('closes', () => client.close());
process.exit(failed ? 1 : 0);
