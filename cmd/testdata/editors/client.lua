-- Uses each feature of the language server once in Neovim, and prints what comes of it.

local folder = vim.env.FOLDER
local out = {}

local function say(...) table.insert(out, string.format(...)) end

local function finish(code)
  vim.fn.writefile(out, folder .. "/said.txt")
  vim.cmd(code == 0 and "qall!" or "cquit! 1")
end

local published
vim.lsp.handlers["textDocument/publishDiagnostics"] = function(err, result, ctx, config)
  if result and vim.endswith(result.uri, "/site.yml") then published = result.diagnostics end
  vim.lsp.diagnostic.on_publish_diagnostics(err, result, ctx, config or {})
end

local function waitFor(what, done)
  if not vim.wait(60000, done, 10) then error("no " .. what) end
end

-- position returns where a ^ stands in a text that the buffer has without it.
local function at(marked)
  local before, after = marked:match("^(.-)%^(.*)$")
  for i, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, true)) do
    local from = line:find(before .. after, 1, true)
    if from then
      local _, units = vim.str_utfindex(line, from - 1 + #before)
      return {
        textDocument = { uri = vim.uri_from_bufnr(0) },
        position = { line = i - 1, character = units },
      }
    end
  end
  error("no " .. marked)
end

local function ask(method, params)
  local responses, err = vim.lsp.buf_request_sync(0, method, params, 60000)
  if not responses then error(method .. ": " .. tostring(err)) end
  for _, response in pairs(responses) do
    if response.error then error(method .. ": " .. vim.inspect(response.error)) end
    return response.result
  end
  error(method .. ": no response")
end

local function place(p) return (p.line + 1) .. ":" .. (p.character + 1) end

local function locations(list)
  local all = {}
  for _, l in ipairs(list) do table.insert(all, vim.fn.fnamemodify(vim.uri_to_fname(l.uri), ":t") .. ":" .. place(l.range.start)) end
  table.sort(all)
  return table.concat(all, " ")
end

local function main()
  vim.cmd("edit " .. folder .. "/site.yml")
  local id = vim.lsp.start_client({ name = "runner", cmd = { "runner", "lsp", "--offline" }, root_dir = folder })
  vim.lsp.buf_attach_client(0, id)
  waitFor("diagnostics", function() return published and #published == 1 end)
  local d = published[1]
  say("diagnostic %s-%s %s: %s", place(d.range.start), place(d.range["end"]), d.severity == 1 and "error" or "warning", d.message)
  waitFor("diagnostic of Neovim", function() return #vim.diagnostic.get(0) == 1 end)

  local actions = ask("textDocument/codeAction", {
    textDocument = { uri = vim.uri_from_bufnr(0) }, range = d.range, context = { diagnostics = { d } },
  })
  vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
  say("fix %s", vim.trim(vim.api.nvim_buf_get_lines(0, d.range.start.line, d.range.start.line + 1, true)[1]))
  waitFor("end of the diagnostic", function() return #published == 0 end)
  say("mended %d diagnostics", #vim.diagnostic.get(0))

  for _, item in ipairs(ask("textDocument/completion", at("plan: ^xs_sml")).items) do
    if item.label == "xs_sml" then say("completion %s: %s", item.label, item.detail) end
  end
  say("hover %s", vim.split(ask("textDocument/hover", at("addon_^register")).contents.value, "\n")[1])
  say("definition %s", locations(ask("textDocument/definition", at("import_tasks: mo^re.yml"))))
  local references = at("{{ d^b.env")
  references.context = { includeDeclaration = true }
  say("references %s", locations(ask("textDocument/references", references)))
  local play = ask("textDocument/documentSymbol", { textDocument = { uri = vim.uri_from_bufnr(0) } })[1]
  say("symbols %s: %s", play.name, table.concat(vim.tbl_map(function(s) return s.name end, play.children), ", "))
  vim.lsp.stop_client(id)
  waitFor("end of the server", function() return vim.lsp.client_is_stopped(id) end)
end

local ok, err = pcall(main)
if not ok then say("%s", err) end
finish(ok and 0 or 1)
