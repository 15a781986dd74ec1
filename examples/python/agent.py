"""A support agent that needs nothing but Python: a chat model, four tools, an in-memory shop.

    python3 agent.py "Where is my order W12?"

It asks the model at OPENAI_BASE_URL. That is all `evalkit record` needs to see its model calls; the two functions
below "What evalkit adds" let it see, and play again, what the tools brought and what the agent was asked.
"""

import json
import os
import sys
import urllib.error
import urllib.request

MODEL = "gpt-5-mini"

PROMPT = """You answer customers of a tea shop. Look an order up before you say anything about it.
Refund an order only if it was delivered less than 30 days ago and costs at most 50 euros; else hand over to a person.
Answer in one or two sentences."""

ORDERS = {
    "W12": {"order": "W12", "item": "Assam, 500 g", "total": 18.5, "status": "delivered", "days_ago": 4},
    "W13": {"order": "W13", "item": "Gyokuro, 1 kg", "total": 240.0, "status": "delivered", "days_ago": 2},
    "W14": {"order": "W14", "item": "Teapot", "total": 32.0, "status": "on its way", "days_ago": 0},
}
REFUNDED = {}


# The tools


def get_order(order):
    if order not in ORDERS:
        raise LookupError(f"there is no order {order}")
    return {**ORDERS[order], "refunded": order in REFUNDED}


def list_orders():
    return sorted(ORDERS)


def refund(order, reason):
    if order in REFUNDED:
        raise ValueError(f"{order} was refunded already")
    REFUNDED[order] = reason
    return {"order": order, "refunded": ORDERS[order]["total"]}


def hand_over(summary):
    return {"ticket": "T-1", "summary": summary}


def tool(function, description, **parameters):
    properties = {name: {"type": "string", "description": text} for name, text in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    definition = {"name": function.__name__, "description": description, "parameters": schema}
    return function, {"type": "function", "function": definition}


TOOLS = {
    function.__name__: (function, definition)
    for function, definition in (
        tool(get_order, "Looks an order up.", order="Its number, as in W12."),
        tool(list_orders, "Lists the customer's orders."),
        tool(refund, "Pays an order back.", order="Its number.", reason="Why."),
        tool(hand_over, "Hands the conversation over to a person.", summary="What the customer wants."),
    )
}


# The agent


def answer(question):
    messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": question}]
    for _ in range(10):
        message = ask_model(messages)
        messages.append(message)
        if not message.get("tool_calls"):
            return message["content"]
        for call in message["tool_calls"]:
            result = call_tool(call["function"]["name"], json.loads(call["function"]["arguments"]), call["id"])
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    raise RuntimeError("ten turns and no answer")


def ask_model(messages):
    base = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1")
    headers = {"Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}"}
    tools = [definition for _, definition in TOOLS.values()]
    body = {"model": MODEL, "messages": messages, "tools": tools}
    return post(f"{base}/chat/completions", body, headers)["choices"][0]["message"]


def run_tool(name, arguments):
    """What a tool brought, as the model is shown it, and whether it failed."""
    try:
        return json.dumps(TOOLS[name][0](**arguments)), False
    except Exception as error:  # the model is told, and may try something else
        return json.dumps({"error": f"{type(error).__name__}: {error}"}), True


# What evalkit adds: nothing, unless its variables are set


def call_tool(name, arguments, call_id):
    endpoint = os.environ.get("EVALKIT_TOOL_URL")
    if not endpoint:
        return run_tool(name, arguments)[0]
    told = post(f"{endpoint}/{name}", {"arguments": arguments, "id": call_id})
    if not told["run"]:  # a recorded run is played again: this is what the tool brought then
        return told["response"]
    result, failed = run_tool(name, arguments)
    post(f"{endpoint}/calls/{told['call']}", {"response": result, "isError": failed})
    return result  # text, which comes back letter by letter; as a number 32.0 would come back as 32


def traced(question, agent):
    endpoint = os.environ.get("EVALKIT_TRACE_URL")
    if not endpoint:
        return agent(question)
    with urllib.request.urlopen(endpoint) as response:  # played again, it is asked what it was asked then
        question = json.load(response).get("input", question)
    post(endpoint, {"name": "tea-shop", "input": question})
    output = agent(question)
    post(f"{endpoint}/end", {"output": output})
    return output


def post(url, body, headers=None):
    headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request) as response:
            text = response.read()
    except urllib.error.HTTPError as error:
        sys.exit(f"{url.split('?')[0].rsplit('/', 1)[-1]}: {error.code} {error.read().decode(errors='replace')[:500]}")
    return json.loads(text) if text else None


if __name__ == "__main__":
    print(traced(" ".join(sys.argv[1:]) or "Hello?", answer))
