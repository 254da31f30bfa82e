-- SPDX-License-Identifier: MIT
-- luajit.lua QUESTION N - the switches of bench.c and chain.c,
-- with the coroutines of LuaJIT: a resume and a yield are two switches.
local question, n = arg[1], tonumber(arg[2])

local function spin()
    while true do coroutine.yield() end
end

local function bounce()
    local other = coroutine.wrap(spin)
    local begin = os.clock()
    for _ = 1, n / 2 do other() end
    return os.clock() - begin
end

local function nothing() end

local function spawn()
    local begin = os.clock()
    for _ = 1, n do coroutine.wrap(nothing)() end
    return os.clock() - begin
end

local time
if question == "switch" then
    time = bounce()
elseif question == "spawn" then
    time = spawn()
else
    os.exit(2)
end
print(string.format("%s %.2f", question, time * 1e9 / n))
