// Who may ask at the admin address: admin_access.
#include "cli/config_draft.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMostTokens = 1'000;
constexpr std::size_t kLeastTokenBytes = 16;
constexpr std::size_t kMostOwnerBytes = 64;
constexpr Micros kMinute = 60'000'000;
constexpr Micros kMonth = 31LL * 24 * 60 * kMinute;

void read_token(const ConfigNode& item, Reader& reader, gateway::AdminAccess& to) {
    Section entry(reader, item, "admin_access.tokens");
    gateway::AdminToken token;
    token.line = item.line;
    entry.require("token");
    entry.secret("token", token.token);
    entry.require("who");
    entry.text("who", token.who);
    entry.require("role");
    entry.choice("role", token.role,
                 {{"view", gateway::AdminRole::view},
                  {"feedback", gateway::AdminRole::feedback},
                  {"operate", gateway::AdminRole::operate}});
    entry.finish();
    if (token.who.size() > kMostOwnerBytes) entry.wrong("who", "longer than 64 bytes");
    // A secret that was not looked for stands there as it is written.
    if (!token.token.empty() && token.token.size() < kLeastTokenBytes && !token.token.starts_with("${")) {
        reader.error(item.line, "admin_access.tokens: a token has 16 characters at least, drawn by chance");
    }
    if (token.token.empty() || token.who.empty()) return;
    token.digest = sha256(token.token);
    for (const gateway::AdminToken& other : to.tokens) {
        if (other.digest == token.digest) reader.error(item.line, "admin_access.tokens: this token stands there twice");
    }
    to.tokens.push_back(std::move(token));
}

}  // namespace

void read_admin_access(Section& top, Reader& reader, Draft& draft) {
    draft.has_admin_tokens = top.has("admin_access");
    const ConfigNode* const node = top.find("admin_access");
    if (node == nullptr) return;
    Section access(reader, *node, "admin_access");
    gateway::AdminAccess& to = draft.options.admin_access;
    if (const ConfigNode* const tokens = access.require("tokens")) {
        if (tokens->kind != ConfigNode::Kind::list || tokens->items.empty() || tokens->items.size() > kMostTokens) {
            reader.error(
                tokens->line,
                "admin_access.tokens is a list with 1 to 1,000 { token: ${NAME}, who: NAME, role: view | feedback "
                "| operate }");
        } else {
            for (const ConfigNode& item : tokens->items) read_token(item, reader, to);
        }
    }
    access.duration("session", to.session_micros, kMinute, kMonth);
    access.flag("open_metrics", to.open_metrics);
    access.finish();
}

}  // namespace weir::cli
