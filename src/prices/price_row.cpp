#include "prices/price_row.h"

#include <algorithm>
#include <charconv>

#include "base/decimal.h"
#include "prices/price_table.h"

namespace weir::prices {
namespace {

using wire::ServiceTier;

constexpr int kPicoScale = 12;  // decimal places of a dollar

bool has_no_output(std::string_view mode) {
    return mode == "embedding" || mode == "rerank" || mode == "moderation";
}

Result<PicoUsdPerToken> read_price(std::string_view raw, bool piece, int scale) {
    const auto picos = parse_decimal_scaled(raw, scale, ExtraDigits::round);
    if (!picos && picos.error().code != ErrorCode::too_large) return fail(ErrorCode::invalid, "is not a number");
    if (raw.starts_with('-') && (!picos || *picos != 0)) return fail(ErrorCode::invalid, "is negative");
    if (piece && (!picos || *picos > kMaxFilePiecePrice.picos)) return fail(ErrorCode::invalid, "is above 1,000 USD");
    if (!piece && (!picos || *picos > kMaxFilePrice.picos)) {
        return fail(ErrorCode::invalid, "is above 1 USD a token (prices are in USD per token, not per million)");
    }
    return PicoUsdPerToken{*picos};
}

// What a field's name says: a class of tokens, and at which rates.
struct FieldName {
    Rate TokenRates::*rate = nullptr;
    ServiceTier tier = ServiceTier::standard;
    Tokens least_prompt = 0;
};

Rate TokenRates::*class_of(std::string_view stem, bool hour) {
    struct Stem {
        std::string_view name;
        Rate TokenRates::*rate;
    };
    static constexpr Stem kStems[] = {
        {"input_cost_per_token", &TokenRates::input},
        {"output_cost_per_token", &TokenRates::output},
        {"cache_read_input_token_cost", &TokenRates::input_cached},
        {"cache_creation_input_token_cost", &TokenRates::input_cache_write},
        {"output_cost_per_reasoning_token", &TokenRates::reasoning},
        {"input_cost_per_audio_token", &TokenRates::audio_input},
        {"cache_read_input_audio_token_cost", &TokenRates::audio_cached},
        {"output_cost_per_audio_token", &TokenRates::audio_output},
        {"input_cost_per_image_token", &TokenRates::image_input},
        {"output_cost_per_image_token", &TokenRates::image_output},
    };
    if (hour) return stem == "cache_creation_input_token_cost" ? &TokenRates::input_cache_write_1h : nullptr;
    const auto found =
        std::find_if(std::begin(kStems), std::end(kStems), [&](const Stem& s) { return s.name == stem; });
    return found == std::end(kStems) ? nullptr : found->rate;
}

bool cut(std::string_view& name, std::string_view ending) {
    if (!name.ends_with(ending)) return false;
    name.remove_suffix(ending.size());
    return true;
}

// Cuts "_above_200k_tokens" off; the number of tokens, or 0.
Tokens cut_threshold(std::string_view& name) {
    constexpr std::string_view kAbove = "_above_";
    if (!name.ends_with("_tokens")) return 0;
    const std::size_t at = name.rfind(kAbove);
    if (at == std::string_view::npos) return 0;
    std::string_view number = name.substr(at + kAbove.size());
    number.remove_suffix(std::string_view("_tokens").size());
    const bool thousands = cut(number, "k");
    std::int32_t value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size() || value <= 0) return 0;
    name = name.substr(0, at);
    return Tokens{value} * (thousands ? 1000 : 1);
}

FieldName parse_name(std::string_view name) {
    FieldName field;
    bool hour = false;
    for (bool more = true; more;) {
        if (cut(name, "_batches")) {
            field.tier = ServiceTier::batch;
        } else if (cut(name, "_flex")) {
            field.tier = ServiceTier::flex;
        } else if (cut(name, "_priority")) {
            field.tier = ServiceTier::priority;
        } else if (cut(name, "_above_1hr")) {
            hour = true;
        } else if (const Tokens above = cut_threshold(name); above > 0) {
            field.least_prompt = above + 1;
        } else {
            more = false;
        }
    }
    field.rate = class_of(name, hour);
    return field;
}

struct Piece {
    PiecePrice PriceMore::*price = nullptr;
    int scale = kPicoScale;
};

Piece piece_of(std::string_view name) {
    constexpr int kPicoOfThousand = kPicoScale - 3;
    if (name == "input_cost_per_query") return {&PriceMore::search_unit};
    if (name == "input_cost_per_request") return {&PriceMore::request};
    if (name == "input_cost_per_second") return {&PriceMore::audio_second};
    if (name == "output_cost_per_image") return {&PriceMore::image};
    if (name == "code_interpreter_cost_per_session") return {&PriceMore::code_session};
    if (name == "file_search_cost_per_1k_calls") return {&PriceMore::file_search, kPicoOfThousand};
    return {};
}

// Reads one row.
class RowReader {
  public:
    RowReader(std::string_view text, PriceRow& row) : text_(text), row_(row) {}

    Result<void> take(const json::Member& field) {
        const std::string_view raw = field.raw(text_);
        if (field.key == "litellm_provider") row_.vendor = json::as_string(raw).value_or("");
        if (field.key == "mode") no_output_ = has_no_output(json::as_string(raw).value_or(""));
        if (field.key == "search_context_cost_per_query") return take_searches(field);
        if (const Piece piece = piece_of(field.key); piece.price != nullptr) {
            return take_price(field.key, field.value, true, piece.scale, more_.*piece.price);
        }
        const FieldName name = parse_name(field.key);
        if (name.rate == nullptr) return {};
        const bool base = name.tier == ServiceTier::standard && name.least_prompt == 0;
        if (base) return take_price(field.key, field.value, false, kPicoScale, base_.*name.rate);
        Rate rate;
        if (auto read = take_price(field.key, field.value, false, kPicoScale, rate); !read || !rate) return read;
        if (TokenRates* const rates = variant(name)) rates->*name.rate = rate;
        return {};
    }

    // False: the row says nothing that can be used.
    bool finish() {
        if (!base_.output && no_output_) base_.output = PicoUsdPerToken{0};
        const bool tokens = base_.input && base_.output;
        const bool pieces = more_.search_unit || more_.request || more_.audio_second || more_.image;
        if (!tokens && !pieces) return false;
        more_.no_tokens = !tokens;
        Price& price = row_.price;
        if (tokens) {
            price.input = *base_.input;
            price.output = *base_.output;
            price.input_cached = base_.input_cached;
            price.input_cache_write = base_.input_cache_write;
        }
        more_.rare = base_;
        more_.rare.input = more_.rare.output = more_.rare.input_cached = more_.rare.input_cache_write = Rate();
        // A tier or a length without both rates is no offer.
        std::erase_if(more_.variants, [](const RateVariant& v) { return !v.rates.input || !v.rates.output; });
        if (more_ != PriceMore{}) price.more = std::make_shared<const PriceMore>(std::move(more_));
        apply_vendor_rules(row_.vendor, price);
        return true;
    }

  private:
    TokenRates* variant(const FieldName& name) {
        for (RateVariant& one : more_.variants) {
            if (one.tier == name.tier && one.least_prompt == name.least_prompt) return &one.rates;
        }
        if (more_.variants.size() == kMaxRateVariants) return nullptr;
        more_.variants.push_back({name.tier, name.least_prompt, {}});
        return &more_.variants.back().rates;
    }

    Result<void> take_searches(const json::Member& field) {
        for (json::Walk member(text_, field.value); member.next();) {
            constexpr std::string_view kSizes[] = {"search_context_size_low", "search_context_size_medium",
                                                   "search_context_size_high"};
            for (std::size_t size = 0; size < std::size(kSizes); ++size) {
                if (!member.key_is(kSizes[size])) continue;
                auto read = take_price(field.key, member.value(), true, kPicoScale, more_.web_search[size]);
                if (!read) return read;
            }
        }
        return {};
    }

    // Nothing for null.
    Result<void> take_price(const std::string& key, json::Span value, bool piece, int scale, Rate& to) {
        const std::string_view raw = value.of(text_);
        if (json::is_null(raw)) {
            to.reset();
            return {};
        }
        const auto price = read_price(raw, piece, scale);
        if (price) {
            to = *price;
            return {};
        }
        const auto begin = text_.begin() + static_cast<std::ptrdiff_t>(value.begin);
        const auto line = 1 + std::count(text_.begin(), begin, '\n');
        return fail(ErrorCode::invalid, std::to_string(line) + ": " + key + " " + price.error().message);
    }

    std::string_view text_;
    PriceRow& row_;
    TokenRates base_;
    PriceMore more_;
    bool no_output_ = false;
};

// `rate` times numerator / denominator.
Rate scaled(const Rate& rate, std::int64_t numerator, std::int64_t denominator) {
    return rate ? Rate(PicoUsdPerToken{rate->picos * numerator / denominator}) : std::nullopt;
}

void fill_anthropic(TokenRates& rates) {
    if (!rates.input_cached) rates.input_cached = scaled(rates.input, 1, 10);
    if (!rates.input_cache_write) rates.input_cache_write = scaled(rates.input, 5, 4);
    if (!rates.input_cache_write_1h) rates.input_cache_write_1h = scaled(rates.input, 2, 1);
}

}  // namespace

Result<std::optional<PriceRow>> read_price_row(std::string_view text, json::Span object,
                                               std::vector<json::Member>& fields) {
    PriceRow row;
    RowReader reader(text, row);
    json::members_within(text, object, fields);
    for (const json::Member& field : fields) {
        if (auto taken = reader.take(field); !taken) return tl::unexpected(taken.error());
    }
    if (!reader.finish()) return std::nullopt;
    return row;
}

void apply_vendor_rules(std::string_view vendor, Price& price) {
    PriceMore more = price.more ? *price.more : PriceMore{};
    if (vendor == "anthropic") {
        TokenRates base = more.rare;
        base.input = price.input;
        base.input_cached = price.input_cached;
        base.input_cache_write = price.input_cache_write;
        fill_anthropic(base);
        price.input_cached = base.input_cached;
        price.input_cache_write = base.input_cache_write;
        more.rare.input_cache_write_1h = base.input_cache_write_1h;
        for (RateVariant& variant : more.variants) fill_anthropic(variant.rates);
    } else if (vendor == "gemini" || vendor.starts_with("vertex_ai")) {
        if (!more.rare.audio_input) {
            more.rare.audio_input = price.input;
            more.rare.audio_cached = price.input_cached ? *price.input_cached : price.input;
            for (RateVariant& variant : more.variants) {
                variant.rates.audio_input = variant.rates.input;
                variant.rates.audio_cached = variant.rates.input_cached;
            }
        }
    } else if (vendor == "groq") {
        RateVariant& flex = more.variants.emplace_back();
        flex.tier = ServiceTier::flex;
        flex.rates.input = price.input;
        flex.rates.output = price.output;
        flex.rates.input_cached = price.input_cached;
    } else if (vendor == "xai") {
        for (RateVariant& variant : more.variants) variant.least_prompt -= variant.least_prompt > 0 ? 1 : 0;
    } else {
        return;
    }
    price.more = std::make_shared<const PriceMore>(std::move(more));
}

}  // namespace weir::prices
