#include "cli/litellm_source.h"

#include <algorithm>

#include "base/decimal.h"
#include "cli/config_values.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxNodes = 100'000;
constexpr std::size_t kMaxTextBytes = 1024;

std::size_t count(const ConfigNode& node) {
    std::size_t sum = 1;
    for (const ConfigNode& item : node.items) sum += count(item);
    for (const ConfigNode::Entry& entry : node.entries) sum += count(entry.value);
    return sum;
}

void put_in(const ConfigNode& from, ConfigNode& to) {
    if (from.kind == ConfigNode::Kind::list) {
        for (const ConfigNode& one : from.items) put_in(one, to);
    }
    for (const ConfigNode::Entry& entry : from.entries) {
        const bool has = std::any_of(to.entries.begin(), to.entries.end(),
                                     [&entry](const ConfigNode::Entry& own) { return own.key == entry.key; });
        if (!has) to.entries.push_back(entry);
    }
}

bool merge(ConfigNode& node, std::size_t& budget) {
    for (ConfigNode& item : node.items) {
        if (!merge(item, budget)) return false;
    }
    for (ConfigNode::Entry& entry : node.entries) {
        if (!merge(entry.value, budget)) return false;
    }
    const auto merged = std::find_if(node.entries.begin(), node.entries.end(),
                                     [](const ConfigNode::Entry& entry) { return entry.key == "<<"; });
    if (merged == node.entries.end()) return true;
    const ConfigNode from = std::move(merged->value);
    const std::size_t size = count(from);
    if (size > budget) return false;
    budget -= size;
    node.entries.erase(merged);
    put_in(from, node);
    return true;
}

}  // namespace

std::optional<std::string> merge_yaml_keys(ConfigNode& root) {
    std::size_t budget = kMaxNodes;
    if (merge(root, budget)) return std::nullopt;
    return "more than 100,000 values, counting those that << puts in";
}

LitellmSource::LitellmSource(LitellmTale& tale, const ConfigNode& node, std::string path)
    : tale_(tale), node_(nullptr), path_(std::move(path)), line_(node.line) {
    if (node.kind == ConfigNode::Kind::map) {
        node_ = &node;
    } else {
        tale_.not_carried.push_back({path_, line_, "a map (key: value) belongs here"});
    }
}

std::string LitellmSource::path_to(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const ConfigNode::Entry* LitellmSource::entry(std::string_view key) const {
    if (node_ == nullptr) return nullptr;
    const auto found = std::find_if(node_->entries.begin(), node_->entries.end(),
                                    [key](const ConfigNode::Entry& each) { return each.key == key; });
    return found == node_->entries.end() ? nullptr : &*found;
}

bool LitellmSource::has(std::string_view key) const {
    return entry(key) != nullptr;
}

int LitellmSource::line_of(std::string_view key) const {
    const ConfigNode::Entry* const found = entry(key);
    return found == nullptr ? line_ : found->line;
}

const ConfigNode* LitellmSource::find(std::string_view key) const {
    const ConfigNode::Entry* const found = entry(key);
    if (found == nullptr || found->value.kind == ConfigNode::Kind::null) return nullptr;
    return &found->value;
}

std::optional<std::string> LitellmSource::scalar(std::string_view key) {
    const ConfigNode* const value = find(key);
    if (value == nullptr) {
        idle(key);  // null: LiteLLM's default
        return std::nullopt;
    }
    if (value->kind == ConfigNode::Kind::scalar) return value->text;
    left(key, "a single value belongs here");
    return std::nullopt;
}

std::optional<bool> LitellmSource::flag(std::string_view key) {
    const std::optional<std::string> word = scalar(key);
    if (!word) return std::nullopt;
    for (const std::string_view yes : {"true", "True", "TRUE", "yes", "Yes", "on", "On"}) {
        if (*word == yes) return true;
    }
    for (const std::string_view no : {"false", "False", "FALSE", "no", "No", "off", "Off"}) {
        if (*word == no) return false;
    }
    left(key, "neither true nor false");
    return std::nullopt;
}

void LitellmSource::tell(std::vector<LitellmNote>& to, std::string_view key, std::string why) {
    const ConfigNode::Entry* const found = entry(key);
    if (found == nullptr || std::find(told_.begin(), told_.end(), key) != told_.end()) return;
    const bool null = found->value.kind == ConfigNode::Kind::null;
    (null ? tale_.idle : to).push_back({path_to(key), found->line, null ? "" : std::move(why)});
    told_.emplace_back(key);
}

void LitellmSource::told(std::string_view key) {
    told_.emplace_back(key);
}

void LitellmSource::carried(std::string_view key, std::string into) {
    tell(tale_.carried, key, std::move(into));
}
void LitellmSource::changed(std::string_view key, std::string why) {
    tell(tale_.changed, key, std::move(why));
}
void LitellmSource::left(std::string_view key, std::string why) {
    tell(tale_.not_carried, key, std::move(why));
}
void LitellmSource::idle(std::string_view key) {
    tell(tale_.idle, key, {});
}

void LitellmSource::finish(const std::string& why) {
    if (node_ == nullptr) return;
    for (const ConfigNode::Entry& each : node_->entries) {
        if (std::find(told_.begin(), told_.end(), each.key) != told_.end()) continue;
        if (each.value.kind == ConfigNode::Kind::null) {
            idle(each.key);
        } else {
            left(each.key, why);
        }
    }
}

std::optional<std::string> environment_name(std::string_view text) {
    constexpr std::string_view kMark = "os.environ/";
    constexpr std::size_t kMaxNameBytes = 128;
    if (!text.starts_with(kMark)) return std::nullopt;
    text.remove_prefix(kMark.size());
    if (text.size() > kMaxNameBytes) return std::nullopt;
    const std::string reference = "${" + std::string(text) + "}";
    if (text.find(':') != std::string_view::npos || reference_end(reference, 0) != reference.size())
        return std::nullopt;
    return std::string(text);
}

std::optional<std::string> portable_text(std::string_view text, bool environment) {
    if (text.starts_with("os.environ/")) {
        const std::optional<std::string> name = environment_name(text);
        if (!name || !environment) return std::nullopt;
        return "${" + *name + "}";
    }
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    if (text.empty() || text.size() > kMaxTextBytes || !plain || text.find("${") != std::string_view::npos) {
        return std::nullopt;
    }
    return std::string(text);
}

std::optional<std::string> seconds_text(std::string_view seconds, std::int64_t least_micros, std::int64_t most_micros) {
    constexpr int kMicroDigits = 6;
    const Result<std::int64_t> micros = parse_decimal_scaled(seconds, kMicroDigits, ExtraDigits::round);
    if (!micros || *micros < least_micros || *micros > most_micros) return std::nullopt;
    return format_duration(*micros);
}

std::string price_text(std::int64_t picos_per_token) {
    constexpr std::int64_t kPicosPerUsd = 1'000'000;  // USD per million tokens
    std::string text = std::to_string(picos_per_token / kPicosPerUsd);
    std::string digits = std::to_string(kPicosPerUsd + picos_per_token % kPicosPerUsd).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    return digits.empty() ? text : text + "." + digits;
}

std::optional<std::string> price_text(std::string_view usd_per_token) {
    constexpr int kPicoDigits = 12;
    constexpr std::int64_t kMostPicos = 1'000'000'000'000;  // the loader's: 1,000,000 USD per million tokens
    // YAML's floats may begin or end with their point, and carry a plus.
    std::string text(usd_per_token);
    if (text.starts_with('+')) text.erase(0, 1);
    if (text.starts_with('.')) text.insert(0, 1, '0');
    if (const std::size_t point = text.find('.'); point != std::string::npos) {
        const bool digit_behind = point + 1 < text.size() && text[point + 1] >= '0' && text[point + 1] <= '9';
        if (!digit_behind) text.insert(point + 1, 1, '0');
    }
    const Result<std::int64_t> picos = parse_decimal_scaled(text, kPicoDigits);
    if (!picos || *picos < 0 || *picos > kMostPicos) return std::nullopt;
    return price_text(*picos);
}

}  // namespace weir::cli
