#include "wire/embeddings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "wire/canonical.h"
#include "wire/chat_answer.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

constexpr std::size_t kMaxMembers = 256;
constexpr std::size_t kMaxModelBytes = 256;
constexpr std::array<std::string_view, 2> kUncachedMembers = {"input", "user"};
// The stored form's fixed parts.
constexpr std::string_view kModelIs = R"({"model":)";
constexpr std::string_view kSizeIs = R"(,"size":)";
constexpr std::string_view kVectorIs = R"(,"embedding":)";

constexpr std::string_view kInputForms =
    "a string, an array of strings, an array of token ids or an array of such arrays";

enum class ItemKind { text, tokens, other };

// Which bytes belong to something, as a table: vectors are long.
using ByteSet = std::array<bool, 256>;
constexpr ByteSet set_of(std::string_view bytes) {
    ByteSet set{};
    for (const char byte : bytes) set[static_cast<unsigned char>(byte)] = true;
    return set;
}
constexpr ByteSet kDigits = set_of("0123456789");
constexpr ByteSet kTokenIds = set_of("0123456789, \t\n\r");
constexpr ByteSet kNumbers = set_of("0123456789+-.eE, \t\n\r");
constexpr ByteSet kBase64 = set_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=");

bool all_of_bytes(std::string_view text, const ByteSet& allowed) {
    return std::all_of(text.begin(), text.end(), [&](char byte) { return allowed[static_cast<unsigned char>(byte)]; });
}

// Of checked JSON: token ids are whole numbers without sign, fraction or exponent.
bool is_token_id(std::string_view raw) {
    return all_of_bytes(raw, kDigits);
}
bool is_token_array(std::string_view raw) {
    return json::is_array(raw) && all_of_bytes(raw.substr(1, raw.size() - 2), kTokenIds);
}

ItemKind kind_of(std::string_view raw) {
    if (json::is_string(raw)) return ItemKind::text;
    return is_token_array(raw) ? ItemKind::tokens : ItemKind::other;
}

class Parser {
  public:
    Parser(std::string_view body, std::string& error_param) : error_param_(error_param) {
        error_param_.clear();
        request_.body = body;
    }

    Result<EmbeddingsRequest> run() {
        const Result<void> checked = json::members(request_.body, request_.members, kMaxMembers);
        if (!checked) return fail(ErrorCode::invalid, "the request body is refused: " + checked.error().message);
        for (const json::Member& member : request_.members) {
            const json::Member** const slot = member.key == "model"   ? &model_
                                              : member.key == "input" ? &input_
                                                                      : nullptr;
            if (slot == nullptr) continue;
            if (*slot != nullptr) {
                return refuse(member.key, "'" + member.key + "' is given twice (byte " +
                                              std::to_string(member.key_span.begin) +
                                              "): which one counts is not defined");
            }
            *slot = &member;
        }
        if (Result<void> result = read_model(); !result) return tl::unexpected(std::move(result.error()));
        if (Result<void> result = read_input(); !result) return tl::unexpected(std::move(result.error()));
        return std::move(request_);
    }

  private:
    tl::unexpected<Error> refuse(std::string_view param, std::string message) {
        error_param_ = param;
        return fail(ErrorCode::invalid, std::move(message));
    }
    std::string_view raw(const json::Member& member) const { return member.raw(request_.body); }

    Result<void> read_model() {
        if (model_ == nullptr || json::is_null(raw(*model_))) {
            return refuse("model", "you must provide a model: 'model' is missing");
        }
        if (!json::append_string(raw(*model_), request_.model)) return refuse("model", "'model' must be a string");
        if (request_.model.empty() || request_.model.size() > kMaxModelBytes) {
            return refuse("model", "'model' must be a string of 1 to 256 bytes");
        }
        // It goes into header lines.
        if (std::any_of(request_.model.begin(), request_.model.end(), [](char c) { return c < ' ' || c > '~'; })) {
            return refuse("model", "'model' must be a string of printable ASCII characters");
        }
        request_.model_value = model_->value;
        return {};
    }

    Result<void> read_input() {
        if (input_ == nullptr || json::is_null(raw(*input_))) {
            return refuse("input", "you must provide input: 'input' is missing");
        }
        request_.input_value = input_->value;
        const std::string_view input = raw(*input_);
        if (!json::is_string(input) && !json::is_array(input)) {
            return refuse("input", "'input' must be " + std::string(kInputForms));
        }
        if (json::is_empty_container(input)) return refuse("input", "'input' must not be an empty array");
        if (kind_of(input) != ItemKind::other) {
            request_.items.push_back(input_->value);
            return check_size(0);
        }
        return read_list();
    }

    Result<void> read_list() {
        ItemKind first = ItemKind::other;
        std::size_t count = 0;
        for (Walk walk(request_.body, input_->value); walk.next(); ++count) {
            if (count >= kMaxEmbeddingItems) continue;  // counted for the message
            const std::string_view element = walk.raw();
            const ItemKind kind = kind_of(element);
            if (count == 0) first = kind;
            if (kind == ItemKind::other) return refuse_element(count, element);
            if (kind != first) {
                return refuse("input", "'input[" + std::to_string(count) +
                                           "]' is of another kind than the first: strings and token arrays can't be "
                                           "mixed in one request");
            }
            request_.items.push_back(walk.value());
            if (Result<void> fits = check_size(count); !fits) return fits;
        }
        if (count > kMaxEmbeddingItems) {
            return refuse("input", "'input' has " + std::to_string(count) + " items; at most " +
                                       std::to_string(kMaxEmbeddingItems) + " go into one request");
        }
        return {};
    }

    tl::unexpected<Error> refuse_element(std::size_t index, std::string_view element) {
        const std::string name = "'input[" + std::to_string(index) + "]'";
        if (json::is_array(element) || is_token_id(element) || element.front() == '-' ||
            (element.front() >= '0' && element.front() <= '9')) {
            return refuse("input", name +
                                       " has a value that is no token id: those are whole numbers from 0 on; 'input' "
                                       "must be " +
                                       std::string(kInputForms));
        }
        return refuse("input", name + " is neither a string nor tokens: 'input' must be " + std::string(kInputForms));
    }

    Result<void> check_size(std::size_t index) {
        if (request_.items.back().size() <= kMaxEmbeddingItemBytes) return {};
        return refuse("input", "'input[" + std::to_string(index) + "]' has " +
                                   std::to_string(request_.items.back().size()) + " bytes; at most " +
                                   std::to_string(kMaxEmbeddingItemBytes) + " go into one item");
    }

    std::string& error_param_;
    EmbeddingsRequest request_;
    const json::Member* model_ = nullptr;
    const json::Member* input_ = nullptr;
};

tl::unexpected<Error> malformed(std::string message) {
    return fail(ErrorCode::protocol, std::move(message));
}

std::string_view bytes_of(const Digest256& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Result<void> read_element(Walk& element, EmbeddingsAnswer& answer, std::size_t position) {
    const auto name = [&] { return "data[" + std::to_string(position) + "]"; };
    if (!element.at_object()) return malformed(name() + " is no object");
    std::optional<Span> index_value;
    std::optional<Span> vector;
    for (Walk member = Walk::inside(element); member.next();) {
        std::optional<Span>* const slot = member.key_is("index")       ? &index_value
                                          : member.key_is("embedding") ? &vector
                                                                       : nullptr;
        if (slot == nullptr) continue;
        if (slot->has_value()) return malformed(name() + " has two members of the same name");
        *slot = member.value();
    }
    if (!index_value || !vector) return malformed(name() + " has no index or no embedding");
    const std::optional<std::int64_t> index = json::as_int64(index_value->of(answer.body));
    if (!index || *index < 0 || static_cast<std::size_t>(*index) >= answer.vectors.size()) {
        return malformed(name() + " has an index outside the request");
    }
    Span& place = answer.vectors[static_cast<std::size_t>(*index)];
    if (!place.empty()) return malformed("index " + std::to_string(*index) + " comes twice");
    const Result<VectorShape> shape = vector_shape(vector->of(answer.body));
    if (!shape) return malformed(name() + ": " + shape.error().message);
    if (position == 0) answer.shape = *shape;
    if (!(*shape == answer.shape)) return malformed(name() + " has a vector of another length or kind than data[0]");
    place = *vector;
    return {};
}

Result<void> read_data(EmbeddingsAnswer& answer) {
    std::size_t count = 0;
    for (Walk element(answer.body, answer.data); element.next(); ++count) {
        if (count >= answer.vectors.size()) return malformed("more embeddings than were asked for");
        if (Result<void> read = read_element(element, answer, count); !read) return read;
    }
    if (count < answer.vectors.size()) {
        return malformed("only " + std::to_string(count) + " of " + std::to_string(answer.vectors.size()) +
                         " embeddings");
    }
    return {};
}

void read_token_counts(EmbeddingsAnswer& answer, Span usage) {
    answer.usage = read_usage(answer.body, usage).value_or(Usage{});
    for (Walk member(answer.body, usage); member.next();) {
        if (member.key_is("prompt_tokens")) answer.prompt_tokens = member.value();
        if (member.key_is("total_tokens")) answer.total_tokens = member.value();
    }
    if (answer.usage.reported || answer.total_tokens.empty()) return;
    // Some servers report the total alone.
    constexpr double kMaxTokens = 1e12;
    const std::optional<double> total = json::as_double(answer.total_tokens.of(answer.body));
    if (!total || *total < 0 || *total > kMaxTokens) return;
    answer.usage.input_uncached = static_cast<Tokens>(*total);
    answer.usage.reported = true;
}

void append_data(std::span<const std::string_view> vectors, std::string& out) {
    std::size_t bytes = 2;
    for (const std::string_view vector : vectors) bytes += vector.size() + 52;
    out.reserve(out.size() + bytes);
    out += '[';
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        out += i == 0 ? R"({"object":"embedding","index":)" : R"(,{"object":"embedding","index":)";
        out += std::to_string(i);
        out += R"(,"embedding":)";
        out += vectors[i];
        out += '}';
    }
    out += ']';
}

}  // namespace

Result<EmbeddingsRequest> parse_embeddings_request(std::string_view body, std::string& error_param) {
    return Parser(body, error_param).run();
}

Digest256 canonical_digest(const EmbeddingsRequest& request) {
    return canonical_digest(request.body, request.members, kUncachedMembers);
}

Digest256 item_digest(const EmbeddingsRequest& request, const Digest256& rest, std::size_t item) {
    thread_local Sha256 hasher;
    thread_local std::string spelled;
    spelled.clear();
    json::minify(request.item(item), spelled);
    hasher.reset();
    hasher.update_part(bytes_of(rest));
    hasher.update_part(spelled);
    return hasher.finish();
}

void render_upstream_body(const EmbeddingsRequest& request, std::string_view model,
                          std::span<const std::uint32_t> items, std::string& out) {
    std::vector<json::Edit> edits;
    if (model != request.model) {
        std::string name;
        json::write_string(model, name);
        edits.push_back({request.model_value, std::move(name)});
    }
    if (!items.empty()) {
        std::string list = "[";
        for (const std::uint32_t item : items) {
            if (list.size() > 1) list += ',';
            list += request.item(item);
        }
        list += ']';
        edits.push_back({request.input_value, std::move(list)});
    }
    std::sort(edits.begin(), edits.end(),
              [](const json::Edit& a, const json::Edit& b) { return a.span.begin < b.span.begin; });
    json::splice(request.body, edits, out);
}

Result<VectorShape> vector_shape(std::string_view raw) {
    if (json::is_string(raw)) {
        std::string_view text = raw.substr(1, raw.size() - 2);
        std::string unescaped;
        if (text.find('\\') != std::string_view::npos) {
            json::append_string(raw, unescaped);
            text = unescaped;
        }
        if (text.empty() || !all_of_bytes(text, kBase64)) return malformed("the embedding is no base64");
        return VectorShape{true, text.size()};
    }
    if (!json::is_array(raw) || json::is_empty_container(raw)) {
        return malformed("the embedding is neither an array of numbers nor a string");
    }
    // Checked JSON of these bytes alone is numbers.
    const std::string_view inside = raw.substr(1, raw.size() - 2);
    if (!all_of_bytes(inside, kNumbers)) return malformed("the embedding has values that are no numbers");
    return VectorShape{false, static_cast<std::size_t>(std::count(inside.begin(), inside.end(), ',')) + 1};
}

Result<EmbeddingsAnswer> read_embeddings_answer(std::string_view body, std::size_t items) {
    thread_local std::vector<json::Member> members;
    if (Result<void> checked = json::members(body, members, kMaxMembers); !checked) {
        return malformed(checked.error().message);
    }
    EmbeddingsAnswer answer;
    answer.body = body;
    std::optional<Span> usage;
    for (const json::Member& member : members) {
        if (member.key == "data") {
            if (!answer.data.empty()) return malformed("'data' comes twice");
            answer.data = member.value;
        } else if (member.key == "usage") {
            if (usage) return malformed("'usage' comes twice");
            usage = member.value;
        } else if (member.key == "model" && member.value.size() <= kMaxEmbeddingModelBytes &&
                   json::is_string(member.raw(body))) {
            answer.model = member.value;
        }
    }
    if (answer.data.empty() || !json::is_array(answer.data.of(body))) return malformed("it has no 'data'");
    answer.vectors.resize(items);
    if (Result<void> read = read_data(answer); !read) return tl::unexpected(std::move(read.error()));
    if (usage && json::is_object(usage->of(body))) read_token_counts(answer, *usage);
    return answer;
}

void render_with_vectors(const EmbeddingsAnswer& answer, std::span<const std::string_view> vectors, Tokens tokens,
                         std::string& out) {
    std::vector<json::Edit> edits(1);
    edits[0].span = answer.data;
    append_data(vectors, edits[0].text);
    if (answer.usage.reported) {
        for (const Span span : {answer.prompt_tokens, answer.total_tokens}) {
            if (!span.empty()) edits.push_back({span, std::to_string(tokens)});
        }
    }
    std::sort(edits.begin(), edits.end(),
              [](const json::Edit& a, const json::Edit& b) { return a.span.begin < b.span.begin; });
    json::splice(answer.body, edits, out);
}

void render_embeddings(std::span<const std::string_view> vectors, std::string_view model, Tokens tokens,
                       std::string& out) {
    out += R"({"object":"list","data":)";
    append_data(vectors, out);
    out += R"(,"model":)";
    out += model;
    if (tokens >= 0) {
        const std::string count = std::to_string(tokens);
        out += R"(,"usage":{"prompt_tokens":)" + count + R"(,"total_tokens":)" + count + "}";
    }
    out += '}';
}

std::string store_embedding(const StoredEmbedding& embedding) {
    const std::string size = std::to_string(embedding.shape.size);
    std::string stored;
    stored.reserve(kModelIs.size() + embedding.model.size() + kSizeIs.size() + size.size() + kVectorIs.size() +
                   embedding.vector.size() + 1);
    stored += kModelIs;
    stored += embedding.model;
    stored += kSizeIs;
    stored += size;
    stored += kVectorIs;
    stored += embedding.vector;
    stored += '}';
    return stored;
}

Result<StoredEmbedding> load_embedding(std::string_view stored) {
    const auto not_one = [] { return fail(ErrorCode::invalid, "not a stored embedding"); };
    std::string_view left = stored;
    const auto skip = [&](std::string_view text) {
        if (!left.starts_with(text)) return false;
        left.remove_prefix(text.size());
        return true;
    };
    if (!skip(kModelIs)) return not_one();
    StoredEmbedding loaded;
    const std::size_t model_end = left.find(kSizeIs);  // inside a JSON string its quotes would stand escaped
    if (model_end == std::string_view::npos) return not_one();
    loaded.model = left.substr(0, model_end);
    left.remove_prefix(model_end + kSizeIs.size());
    const char* const end = left.data() + left.size();
    const auto [behind, problem] = std::from_chars(left.data(), end, loaded.shape.size);
    if (problem != std::errc() || !json::is_string(loaded.model)) return not_one();
    left.remove_prefix(static_cast<std::size_t>(behind - left.data()));
    if (!skip(kVectorIs) || left.size() < 3 || left.back() != '}') return not_one();
    loaded.vector = left.substr(0, left.size() - 1);
    loaded.shape.base64 = json::is_string(loaded.vector);
    if (loaded.shape.size == 0 || (!loaded.shape.base64 && !json::is_array(loaded.vector))) return not_one();
    return loaded;
}

std::vector<std::int64_t> split_in_proportion(std::int64_t total, std::span<const std::int64_t> weights) {
    std::vector<std::int64_t> parts(weights.size(), 0);
    __extension__ using Wide = __int128;
    Wide sum = 0;
    for (const std::int64_t weight : weights) sum += weight;
    if (sum == 0) {
        if (!parts.empty()) parts[0] = total;
        return parts;
    }
    // What has been given out stays within a half of what is due: the roundings don't add up.
    Wide so_far = 0;
    std::int64_t given = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        so_far += weights[i];
        const auto due = static_cast<std::int64_t>((Wide{2} * total * so_far + sum) / (2 * sum));  // half up
        parts[i] = due - given;
        given = due;
    }
    return parts;
}

}  // namespace weir::wire
