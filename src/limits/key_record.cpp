#include "limits/key_record.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "base/secret.h"
#include "json/scan.h"
#include "limits/caller.h"
#include "limits/keys.h"

namespace weir::limits {
namespace {

constexpr std::string_view kKeyBegin = "wk-";
constexpr std::size_t kKeyLetters = 32;
constexpr std::size_t kShownLetters = 8;  // the other 24 are 142 bits
constexpr std::size_t kIdDigits = 12;
constexpr std::size_t kMostMembers = 32;
constexpr Micros kSecond = 1'000'000;

std::string quoted(std::string_view name) {
    return "'" + std::string(name.substr(0, 64)) + "'";
}

// Reads of members; each error says which.
Result<std::string> read_text(std::string_view name, std::string_view raw) {
    std::optional<std::string> text = json::as_string(raw);
    if (!text) return fail(ErrorCode::invalid, quoted(name) + " has to be a text");
    return std::move(*text);
}

Result<std::int64_t> read_whole(std::string_view name, std::string_view raw, std::int64_t most) {
    const std::optional<std::int64_t> value = json::is_null(raw) ? 0 : json::as_int64(raw);
    if (!value || *value < 0 || *value > most) {
        return fail(ErrorCode::invalid, quoted(name) + " has to be a whole number from 0 to " + std::to_string(most));
    }
    return *value;
}

Result<std::vector<std::string>> read_models(std::string_view document, json::Span value) {
    std::vector<std::string> models;
    const std::string_view raw = value.of(document);
    if (json::is_null(raw)) return models;
    if (!json::is_array(raw)) return fail(ErrorCode::invalid, "'models' has to be a list of texts");
    for (json::Walk each(document, value); each.next();) {
        Result<std::string> model = read_text("models", each.raw());
        if (!model) return tl::unexpected(model.error());
        models.push_back(std::move(*model));
        if (models.size() > kMostModels) break;
    }
    if (Result<void> checked = check_models(models); !checked) return tl::unexpected(checked.error());
    return models;
}

Result<std::vector<json::Member>> read_members(std::string_view body) {
    std::vector<json::Member> members;
    if (auto checked = json::members(body, members, kMostMembers); !checked) {
        return fail(ErrorCode::invalid, "no JSON object: " + checked.error().message);
    }
    std::set<std::string_view> seen;
    for (const json::Member& member : members) {
        if (!seen.insert(member.key).second)
            return fail(ErrorCode::invalid, quoted(member.key) + " stands there twice");
    }
    return members;
}

Result<std::string> read_name(std::string_view raw) {
    if (json::is_null(raw)) return std::string();
    Result<std::string> name = read_text("name", raw);
    if (!name) return name;
    const bool plain =
        std::all_of(name->begin(), name->end(), [](char c) { return (c & '\x80') || (c >= ' ' && c != '\x7f'); });
    if (name->size() > kMostNameBytes || !plain) {
        return fail(ErrorCode::invalid, "'name' has at most 128 bytes and no control characters");
    }
    return name;
}

template <class T>
Result<void> take(Result<T> from, std::optional<T>& to) {
    if (!from) return tl::unexpected(from.error());
    to = std::move(*from);
    return {};
}

Result<void> read_wish(std::string_view body, const json::Member& member, KeyWish& to) {
    const std::string_view raw = member.raw(body);
    const std::string& key = member.key;
    if (key == "tenant") {
        if (auto taken = take(read_text(key, raw), to.tenant); !taken) return taken;
        return check_tenant(*to.tenant);
    }
    if (key == "name") return take(read_name(raw), to.name);
    if (key == "models") return take(read_models(body, member.value), to.models);
    if (key == "requests_per_minute") return take(read_whole(key, raw, kMostPerMinute), to.requests_per_minute);
    if (key == "tokens_per_minute") return take(read_whole(key, raw, kMostPerMinute), to.tokens_per_minute);
    if (key == "parallel") return take(read_whole(key, raw, kMostParallel), to.parallel);
    if (key == "expires_in_s") return take(read_whole(key, raw, kMostKeyLife / kSecond), to.expires_in_s);
    return fail(ErrorCode::invalid, "unknown member " + quoted(key) +
                                        "; there are tenant, name, models, requests_per_minute, tokens_per_minute, "
                                        "parallel and expires_in_s");
}

std::optional<Digest256> parse_digest(std::string_view hex) {
    Digest256 digest{};
    if (hex.size() != 2 * digest.size()) return std::nullopt;
    for (std::size_t part = 0; part < 4; ++part) {
        const std::optional<std::uint64_t> value = parse_hex(hex.substr(16 * part, 16));
        if (!value) return std::nullopt;
        for (std::size_t i = 0; i < 8; ++i) {
            digest[8 * part + i] = static_cast<std::uint8_t>(*value >> (56 - 8 * i));
        }
    }
    return digest;
}

// What only a record has, by its name. False: another member.
Result<bool> read_own(const json::Member& member, std::string_view raw, KeyRecord& to) {
    const auto moment = [&](Micros& at) -> Result<bool> {
        const Result<std::int64_t> value = read_whole(member.key, raw, INT64_MAX);
        if (!value) return tl::unexpected(value.error());
        at = *value;
        return true;
    };
    const auto text = [&](std::string& at) -> Result<bool> {
        Result<std::string> value = read_text(member.key, raw);
        if (!value) return tl::unexpected(value.error());
        at = std::move(*value);
        return true;
    };
    if (member.key == "id") return text(to.id);
    if (member.key == "prefix") return text(to.prefix);
    if (member.key == "created_unix_us") return moment(to.created_unix_micros);
    if (member.key == "expires_unix_us") return moment(to.expires_unix_micros);
    if (member.key == "revoked_unix_us") return moment(to.revoked_unix_micros);
    if (member.key != "sha256") return false;
    const std::optional<Digest256> digest = parse_digest(json::as_string(raw).value_or(""));
    if (!digest) return fail(ErrorCode::invalid, "'sha256' is none");
    to.digest = *digest;
    return true;
}

}  // namespace

Result<void> check_models(const std::vector<std::string>& models) {
    if (models.size() > kMostModels) return fail(ErrorCode::invalid, "'models' has at most 64 names or globs");
    for (const std::string& model : models) {
        if (model.empty() || model.size() > kMostModelBytes) {
            return fail(ErrorCode::invalid, "'models': a name or glob has 1 to 256 bytes");
        }
    }
    return {};
}

Result<KeyWish> parse_key_wish(std::string_view body) {
    const auto members = read_members(body);
    if (!members) return tl::unexpected(members.error());
    KeyWish wish;
    for (const json::Member& member : *members) {
        if (auto read = read_wish(body, member, wish); !read) return tl::unexpected(read.error());
    }
    return wish;
}

void apply(const KeyWish& wish, Micros now_unix, KeyRecord& to) {
    if (wish.name) to.name = *wish.name;
    if (wish.models) to.models = *wish.models;
    if (wish.requests_per_minute) to.rates.requests_per_minute = *wish.requests_per_minute;
    if (wish.tokens_per_minute) to.rates.tokens_per_minute = *wish.tokens_per_minute;
    if (wish.parallel) to.rates.parallel = *wish.parallel;
    if (wish.expires_in_s)
        to.expires_unix_micros = *wish.expires_in_s == 0 ? 0 : now_unix + *wish.expires_in_s * kSecond;
}

std::string render_record(const KeyRecord& record) {
    std::string out = "{";
    const auto name = [&](std::string_view member) {
        if (out.size() > 1) out += ',';
        out.append("\"").append(member).append("\":");
    };
    const auto text = [&](std::string_view member, std::string_view value) {
        name(member);
        json::write_string(value, out);
    };
    const auto whole = [&](std::string_view member, std::int64_t value) {
        if (value == 0) return;
        name(member);
        out += std::to_string(value);
    };
    text("id", record.id);
    text("prefix", record.prefix);
    text("sha256", to_hex(record.digest));
    text("tenant", record.tenant);
    if (!record.name.empty()) text("name", record.name);
    if (!record.models.empty()) {
        name("models");
        for (const std::string& model : record.models) {
            out += &model == record.models.data() ? '[' : ',';
            json::write_string(model, out);
        }
        out += ']';
    }
    whole("requests_per_minute", record.rates.requests_per_minute);
    whole("tokens_per_minute", record.rates.tokens_per_minute);
    whole("parallel", record.rates.parallel);
    whole("created_unix_us", record.created_unix_micros);
    whole("expires_unix_us", record.expires_unix_micros);
    whole("revoked_unix_us", record.revoked_unix_micros);
    return out + "}";
}

Result<KeyRecord> parse_record(std::string_view line) {
    if (line.size() > kMostRecordBytes) return fail(ErrorCode::invalid, "longer than 64 KiB");
    const auto members = read_members(line);
    if (!members) return tl::unexpected(members.error());
    KeyRecord record;
    KeyWish wish;
    bool has_digest = false;
    for (const json::Member& member : *members) {
        const Result<bool> own = read_own(member, member.raw(line), record);
        if (!own) return tl::unexpected(own.error());
        has_digest = has_digest || member.key == "sha256";
        if (*own) continue;
        if (auto read = read_wish(line, member, wish); !read) return tl::unexpected(read.error());
    }
    if (wish.expires_in_s) return fail(ErrorCode::invalid, "a record has no 'expires_in_s'");
    apply(wish, 0, record);
    record.tenant = wish.tenant.value_or("");
    if (record.id.size() != kIdDigits || record.prefix.empty() || record.tenant.empty() || !has_digest) {
        return fail(ErrorCode::invalid, "id, prefix, sha256 or tenant is missing");
    }
    return record;
}

Result<NewKey> make_key() {
    Result<std::string> letters = draw_letters(kKeyLetters);
    if (!letters) return tl::unexpected(letters.error());
    std::array<char, 8> id{};
    if (auto filled = fill_with_chance(id.data(), id.size()); !filled) return tl::unexpected(filled.error());
    std::uint64_t number = 0;
    std::memcpy(&number, id.data(), sizeof number);
    NewKey made;
    made.key = std::string(kKeyBegin) + *letters;
    made.record.id = to_hex(number).substr(0, kIdDigits);
    made.record.prefix = made.key.substr(0, kKeyBegin.size() + kShownLetters);
    made.record.digest = sha256(made.key);
    return made;
}

}  // namespace weir::limits
