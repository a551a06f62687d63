# The official Python SDK against what is built here, as sdk.mjs has the
# TypeScript ones.
#
# usage: python sdk.py stdio|http legacy|modern
import asyncio, json, os, re, ssl, sys

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitResult

transport, era = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
calls = json.load(open(os.path.join(here, "calls.json")))
failed = 0
asked = 0
agrees = False


async def look(what, f):
    global failed
    try:
        await f()
        print("ok - " + what, flush=True)
    except Exception as e:
        failed += 1
        print("not ok - %s\n# %r" % (what, e), flush=True)


async def on_elicit(context, params):
    global asked
    asked += 1
    assert re.search(r"things has \d+ rows? now", params.message), params
    if agrees:
        return ElicitResult(action="accept", content={"confirm": True})
    return ElicitResult(action="decline")


def text(r):
    return r.content[0].text


async def lists(client):
    tools = (await client.list_tools()).tools
    assert sorted(t.name for t in tools) == sorted(c[0] for c in calls)


async def calls_one(client, tool, args):
    r = await client.call_tool(tool, args)
    assert not r.is_error, text(r)
    assert json.loads(text(r)) == r.structured_content


async def errs(client):
    r = await client.call_tool("sql_query", {"sql": "SELECT nope"})
    assert r.is_error and "42703" in text(r)


async def rest(client):
    r = await client.read_resource("acdb://guide")
    assert r.contents[0].text.startswith("# ")
    assert len((await client.list_prompts()).prompts) == 3
    r = await client.get_prompt("tune-query", {"sql": "SELECT 42"})
    assert "SELECT 42" in r.messages[0].content.text


async def asks(client):
    global agrees
    sql = {"sql": "DELETE FROM things"}
    r = await client.call_tool("sql_execute", sql)
    assert asked == 1 and r.is_error and "declined" in text(r), text(r)
    agrees = True
    r = await client.call_tool("sql_execute", sql)
    assert asked == 2 and not r.is_error, text(r)


async def run(server):
    async with Client(server, elicitation_callback=on_elicit,
            mode="2026-07-28" if era == "modern" else "legacy") as client:
        await look("lists every tool", lambda: lists(client))
        for tool, args in calls:
            await look("calls " + tool,
                lambda: calls_one(client, tool, args))
        await look("an error of a tool is a result", lambda: errs(client))
        await look("resources, prompts", lambda: rest(client))
        if era == "modern" or transport == "stdio":
            await look("the user is asked before data goes",
                lambda: asks(client))


async def main():
    env = os.environ
    if transport == "stdio":
        await run(StdioServerParameters(command="acdb-mcp", env=dict(env)))
        return
    key = open(env["AGENTCOOPDB_API_KEY_FILE"]).read().strip()
    trust = ssl.create_default_context(cafile=env["AGENTCOOPDB_CA_FILE"])
    async with httpx2.AsyncClient(verify=trust,
            headers={"Authorization": "Bearer " + key}) as http:
        await run(streamable_http_client(
            env["AGENTCOOPDB_GATEWAY_URL"] + "/v1/mcp", http_client=http))

asyncio.run(look("connects and closes", main))
sys.exit(failed > 0)
