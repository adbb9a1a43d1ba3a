#include "cli/litellm_prices.h"

#include <array>
#include <utility>

#include "cli/config_values.h"
#include "prices/price_table.h"

namespace weir::cli {
namespace {

constexpr const char* kPrice = "price";

constexpr std::uint64_t kThousand = 1000;

using Parts = std::array<std::pair<std::string_view, std::string LitellmRates::*>, 4>;
constexpr Parts kParts{{
    {"input_cost_per_token", &LitellmRates::input},
    {"output_cost_per_token", &LitellmRates::output},
    {"cache_read_input_token_cost", &LitellmRates::cached_input},
    {"cache_creation_input_token_cost", &LitellmRates::cache_write},
}};

// The price that is known of it, where its own name tells none. Whether one is known, by whichever name.
bool take_base_model(const std::string& base_model, LitellmDeployment& to) {
    static const prices::PriceTable table = prices::PriceTable::built_in();
    if (table.find(to.provider, to.upstream_name) != nullptr) return true;
    const std::size_t slash = base_model.find('/');
    const prices::Price* price = table.find(to.provider, base_model);
    if (price == nullptr && slash != std::string::npos) {
        price = table.find(base_model.substr(0, slash), base_model.substr(slash + 1));
    }
    if (price == nullptr) return false;
    to.price = litellm_price_of(*price);
    to.price_note = portable_text(base_model, false) ? "as of " + base_model : "as of its base_model";
    return true;
}

LitellmRates rates_of(const prices::TokenRates& from) {
    const auto text = [](const prices::Rate& rate) { return rate ? price_text(rate->picos) : std::string(); };
    return {text(from.input), text(from.output), text(from.input_cached), text(from.input_cache_write),
            text(from.input_cache_write_1h)};
}

}  // namespace

LitellmPrice litellm_price_of(const prices::Price& price) {
    prices::TokenRates base;
    base.input = price.input;
    base.output = price.output;
    base.input_cached = price.input_cached;
    base.input_cache_write = price.input_cache_write;
    if (price.more) base.input_cache_write_1h = price.more->rare.input_cache_write_1h;
    LitellmPrice to{rates_of(base), 0, {}};
    if (!price.more) return to;
    for (const prices::RateVariant& variant : price.more->variants) {
        if (variant.tier != wire::ServiceTier::standard || variant.least_prompt < 2 || to.above_tokens > 0) continue;
        to.above_tokens = static_cast<std::uint64_t>(variant.least_prompt) - 1;
        to.above = rates_of(variant.rates);
    }
    return to;
}

// Whether it is part of the price now.
bool LitellmPrices::read_part(LitellmSource& source, const std::string& key, std::string& to) {
    const std::optional<std::string> text = source.scalar(key);
    if (!text) return false;
    const std::optional<std::string> price = price_text(*text);
    if (!to.empty()) {
        source.idle(key);  // litellm_params' counts
    } else if (price) {
        to = *price;
        source.carried(key, kPrice);
        return true;
    } else {
        source.left(key, "not a price of at most 1 USD per token with at most 12 decimal places");
    }
    return false;
}

void LitellmPrices::read(LitellmSource& source) {
    for (const auto& [key, part] : kParts) read_part(source, std::string(key), price_.base.*part);
    read_part(source, "cache_creation_input_token_cost_above_1hr", price_.base.cache_write_1h);
    for (const std::uint64_t tokens : {128u, 200u, 272u, 512u}) {
        if (price_.above_tokens > 0 && price_.above_tokens != tokens * kThousand) continue;  // one bound alone
        const std::string behind = "_above_" + std::to_string(tokens) + "k_tokens";
        for (const auto& [key, part] : kParts) {
            const bool read = read_part(source, std::string(key) + behind, price_.above.*part);
            if (read) price_.above_tokens = tokens * kThousand;
        }
    }
}

void LitellmPrices::finish(LitellmTale& tale, LitellmDeployment& to) const {
    LitellmPrice price = price_;
    if (!price.base.input.empty() && price.base.output.empty() && embeds) price.base.output = "0";
    const bool whole = !price.base.input.empty() && !price.base.output.empty();
    const bool above = price.above_tokens == 0 || (!price.above.input.empty() && !price.above.output.empty());
    if (!above) {
        price.above_tokens = 0;
        price.above = {};
    }
    if (whole) {
        to.price = std::move(price);
        to.price_note.clear();
        if (above) return;
    }
    const auto lost = [whole](const LitellmNote& note) {
        return note.why == kPrice && (!whole || note.path.find("k_tokens") != std::string::npos);
    };
    for (const LitellmNote& note : tale.carried) {
        if (!lost(note)) continue;
        tale.not_carried.push_back({note.path, note.line, "a price takes both, of input and of output tokens"});
    }
    std::erase_if(tale.carried, lost);
}

void read_litellm_info(const ConfigNode& node, const std::string& path, LitellmTale& tale, LitellmPrices& prices,
                       LitellmDeployment& to) {
    LitellmSource info(tale, node, path);
    if (const std::optional<std::string> mode = info.scalar("mode")) {
        prices.embeds = *mode == "embedding";
        if (is_litellm_word(*mode, {"chat", "completion", "embedding", "responses"})) {
            info.idle("mode");
        } else {
            info.left("mode",
                      "Weir serves chat, completions, responses and embeddings; other paths go to the provider as they "
                      "are, with the model's name as the caller has it");
        }
    }
    prices.read(info);
    if (const std::optional<std::string> base = info.scalar("base_model")) {
        if (!take_base_model(*base, to)) {
            info.left("base_model", "no price is known of it");
        } else if (to.price) {
            info.changed("base_model", "its price as it is known today is written down");
        } else {
            info.idle("base_model");
        }
    }
    for (const std::string_view key : {"max_output_tokens", "max_tokens"}) {
        const std::optional<std::string> most = info.scalar(key);
        if (!most) continue;
        const std::optional<std::uint64_t> value = parse_whole(*most);
        if (to.api == gateway::ProviderApi::anthropic && to.max_output.empty() && value && *value > 0 &&
            *value <= 10'000'000) {
            to.max_output = std::to_string(*value);
            info.carried(key, "max_output");
        } else {
            info.idle(key);
        }
    }
    info.left("access_groups", "callers' keys name the models they may use");
    info.left("team_id", "Weir's models belong to no team");
    for (const ConfigNode::Entry& each : node.entries) {
        if (each.key.find("cost_per_") != std::string::npos || each.key.ends_with("_cost")) continue;
        const bool told = is_litellm_word(
            each.key, {"mode", "base_model", "max_output_tokens", "max_tokens", "access_groups", "team_id"});
        if (!told) info.idle(each.key);  // free words about the model
    }
    info.finish(
        "a price has input, output, cached_input, cache_write, cache_write_1h, and these above one length of prompt");
}

}  // namespace weir::cli
