// Streams of Messages as chat streams. The states, and the events that lead from one to the next:
//   waiting --message_start--> open --message_stop--> ended (by [DONE])
//                              waiting, open --error--> failed (by a chat error event)
// In `open`, blocks come by content_block_start, content_block_delta, content_block_stop; what a delta tells goes on at
// once but for what chat tells whole: thoughts with their signature (thinking_blocks), citations, blocks of the
// provider's own tools (server_blocks), each when its block ends. message_delta brings the stop reason and the usage;
// both are told at message_stop. Events and deltas of unknown types are passed over.
// Limits: what is held back of open blocks is at most kMaxHeld bytes; tool calls as ChatStream's.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "http/sse.h"
#include "json/scan.h"
#include "wire/anthropic_answer.h"
#include "wire/anthropic_form.h"
#include "wire/chat_head.h"
#include "wire/raw_text.h"
#include "wire/text_alike.h"
#include "wire/usage_form.h"

namespace weir::wire::anthropic {
namespace {

using json::Span;
using json::Walk;

constexpr std::size_t kMaxEventBytes = 4u << 20;  // as ChatStream
constexpr std::size_t kMaxHeld = 3u << 20;        // so that what they become is no larger event
constexpr std::int64_t kMaxCalls = 1024;
constexpr std::string_view kNoMore = "},\"finish_reason\":null}]}\n\n";  // behind a delta's members

Result<void> broken(std::string_view what) {
    return fail(ErrorCode::protocol, "the stream is none of Messages: " + std::string(what));
}

enum class Kind : std::uint8_t { text, thinking, call, other };

struct Block {
    std::int64_t index = 0;
    Kind kind = Kind::other;
    std::int64_t call = 0;        // chat's index of it
    std::string raw;              // other: as it began; call: its input, where it began with one
    std::string text, signature;  // thinking; as spelled
    std::string input;            // other: pieces of its input, joined
    std::string citations;        // of a text, joined by commas
    std::size_t began = 0;        // text: characters before it
    bool told = false;            // call: arguments went on

    std::size_t held() const { return raw.size() + text.size() + signature.size() + input.size() + citations.size(); }
};

class Stream final : public ProviderStream {
  public:
    explicit Stream(const ProviderExchange& exchange) : exchange_(exchange), splitter_(kMaxEventBytes) {}

    Result<void> feed(std::string_view bytes, std::string& out) override {
        splitter_.feed(bytes);
        http::SseSplitter::Event event;
        while (true) {
            if (alike_.known()) take_alike(out);
            switch (splitter_.next(event)) {
                case http::SseSplitter::State::need_more:
                    return {};
                case http::SseSplitter::State::too_large:
                    return fail(ErrorCode::too_large, "an event of the stream is too large");
                case http::SseSplitter::State::event:
                    if (Result<void> taken = take(event, out); !taken) return taken;
            }
        }
    }

    Result<void> end(std::string&) override {
        if (state_ == State::ended) return {};
        return fail(ErrorCode::closed, "the upstream's stream ended before its message_stop");
    }

    Usage so_far() const override { return usage_; }

  private:
    enum class State : std::uint8_t { waiting, open, ended, failed };

    // Deltas that differ from one that was read in their text alone.
    void take_alike(std::string& out) {
        const std::string_view ahead = splitter_.ahead();
        std::size_t at = 0;
        while (true) {
            const TextAlike::Match match = alike_.match(ahead.substr(at));
            if (match.size == 0 || match.size > kMaxEventBytes) break;
            if (alike_kind_ == Kind::thinking) {
                if (held() + match.text.size() > kMaxHeld) break;
                blocks_.back().text += match.text;
            } else {
                characters_ += match.characters;
            }
            out += alike_told_;
            out += match.text;
            out += '"';
            out += kNoMore;
            at += match.size;
        }
        splitter_.skip(at);
    }

    Result<void> take(const http::SseSplitter::Event& event, std::string& out) {
        if (state_ == State::ended || state_ == State::failed) return {};
        if (event.data.empty()) {
            http::append_comment(event, out);
            return {};
        }
        if (Result<void> checked = json::members(event.data, members_); !checked) {
            return broken("an event is broken: " + checked.error().message);
        }
        data_ = event.data;
        const std::string_view type = member("type").of(data_);
        const auto is = [&](std::string_view name) {
            return type.empty() ? event.name == name : json::string_equals(type, name);
        };
        if (is("content_block_delta")) return on_delta(event, out);
        if (is("ping")) {
            out += ": ping\n\n";
            return {};
        }
        if (is("error")) {
            state_ = State::failed;
            alike_.forget();
            out += render_error_event(error_in(0, data_));
            return {};
        }
        if (is("message_start")) return on_start(out);
        if (is("content_block_start")) return on_block(out);
        if (is("content_block_stop")) return on_block_stop(out);
        if (is("message_delta")) return on_message_delta();
        if (is("message_stop")) return on_stop(out);
        return {};
    }

    Span member(std::string_view name) const {
        for (const json::Member& one : members_) {
            if (one.key == name) return one.value;
        }
        return {};
    }
    Span member_of(Span object, std::string_view name) const {
        return json::find_member(data_, object, name).value_or(Span{});
    }
    std::string_view raw(Span value) const { return value.of(data_); }

    // ---- what is told

    // A chunk up to its delta's members, of which `delta` is the beginning; kNoMore ends it.
    void tell(std::string_view delta, std::string& out) const {
        out += "data: ";
        out += head_;
        out += R"("choices":[{"index":0,"delta":{)";
        out += delta;
    }
    void tell_text(std::string_view name, std::string_view raw_inside, std::string& out) const {
        if (raw_inside.empty()) return;
        tell(name, out);
        out += raw_inside;
        out += '"';
        out += kNoMore;
    }
    void tell_list(std::string_view name, std::string_view elements, std::string& out) const {
        tell(name, out);
        out += elements;
        out += ']';
        out += kNoMore;
    }
    std::string arguments_of(const Block& block) const {
        return R"("tool_calls":[{"index":)" + std::to_string(block.call) + R"(,"function":{"arguments":")";
    }
    void tell_arguments(Block& block, std::string_view raw_inside, std::string& out) const {
        if (raw_inside.empty()) return;
        block.told = true;
        tell(arguments_of(block), out);
        out += raw_inside;
        out += R"("}}])";
        out += kNoMore;
    }

    // ---- events

    Result<void> on_start(std::string& out) {
        if (state_ != State::waiting) return broken("a second message_start");
        const Span message = member("message");
        if (!json::is_object(raw(message))) return broken("a message_start without its message");
        state_ = State::open;
        const Span usage = member_of(message, "usage");
        merge(usage);
        const ChatHead head{raw(member_of(message, "id")), raw(member_of(message, "model")),
                            service_tier_of(data_, usage)};
        append_chat_head("chat.completion.chunk", head, exchange_, head_);
        // Not an empty text, which would open a block of text at some callers where a tool is called.
        tell(R"("role":"assistant","content":null,"refusal":null)", out);
        out += kNoMore;
        return {};
    }

    Block* block_at(Span index) {
        const std::optional<std::int64_t> number = json::as_int64(raw(index));
        if (!number) return blocks_.empty() ? nullptr : &blocks_.back();
        const auto found =
            std::find_if(blocks_.begin(), blocks_.end(), [&](const Block& one) { return one.index == *number; });
        return found == blocks_.end() ? nullptr : &*found;
    }

    Result<void> on_block(std::string& out) {
        if (state_ != State::open) return broken("a block before message_start");
        alike_.forget();
        const Span content = member("content_block");
        const Span index = member("index");
        if (!json::is_object(raw(content))) return broken("a content_block_start without its block");
        const std::int64_t number = json::as_int64(raw(index)).value_or(next_index_);
        if (std::any_of(blocks_.begin(), blocks_.end(), [&](const Block& one) { return one.index == number; })) {
            return broken("two blocks of one index");
        }
        next_index_ = number < INT32_MAX ? number + 1 : 0;
        Block& block = blocks_.emplace_back();
        block.index = number;
        const std::string_view type = raw(member_of(content, "type"));
        if (json::string_equals(type, "text")) return begin_text(block, content, out);
        if (json::string_equals(type, "tool_use")) return begin_call(block, content, out);
        if (json::string_equals(type, "thinking")) {
            block.kind = Kind::thinking;
            if (const std::string_view text = raw(member_of(content, "thinking")); is_text(text)) {
                block.text = inside(text);
                tell_text(R"("reasoning_content":")", block.text, out);
            }
            if (const std::string_view proof = raw(member_of(content, "signature")); is_text(proof)) {
                block.signature = inside(proof);
            }
            return check_held();
        }
        if (!is_text(type)) return broken("a block without a type");
        block.raw = raw(content);
        return check_held();
    }

    Result<void> begin_text(Block& block, Span content, std::string& out) {
        block.kind = Kind::text;
        block.began = characters_;
        if (const std::string_view cited = raw(member_of(content, "citations"));
            json::is_array(cited) && !json::is_empty_container(cited)) {
            block.citations = inside(cited);
        }
        if (const std::string_view text = raw(member_of(content, "text")); is_text(text)) {
            characters_ += characters_of(inside(text));
            tell_text(R"("content":")", inside(text), out);
        }
        return check_held();
    }

    Result<void> begin_call(Block& block, Span content, std::string& out) {
        block.kind = Kind::call;
        block.call = calls_++;
        if (calls_ > kMaxCalls) return fail(ErrorCode::too_large, "the answer has too many tool calls");
        const std::string_view id = raw(member_of(content, "id"));
        const std::string_view name = raw(member_of(content, "name"));
        if (!is_text(id) || !is_text(name)) return broken("a tool_use block without an id or a name");
        if (const std::string_view input = raw(member_of(content, "input")); json::is_object(input)) block.raw = input;
        tell(R"("tool_calls":[{"index":)", out);
        out += std::to_string(block.call) + R"(,"id":)";
        out += id;
        out += R"(,"type":"function","function":{"name":)";
        out += name;
        out += R"(,"arguments":""}}])";
        out += kNoMore;
        return check_held();
    }

    Result<void> on_delta(const http::SseSplitter::Event& event, std::string& out) {
        if (state_ != State::open) return broken("a delta before message_start");
        Block* const block = block_at(member("index"));
        if (block == nullptr) return broken("a delta outside a block");
        const Span delta = member("delta");
        const std::string_view type = raw(member_of(delta, "type"));
        const auto is = [&](std::string_view name) { return json::string_equals(type, name); };
        if (is("text_delta")) {
            if (block->kind != Kind::text) return broken("text in a block of another type");
            const Span text = member_of(delta, "text");
            if (!is_text(raw(text))) return {};
            characters_ += characters_of(inside(raw(text)));
            tell_text(R"("content":")", inside(raw(text)), out);
            learn(event, text, R"("content":")", Kind::text);
        } else if (is("thinking_delta")) {
            if (block->kind != Kind::thinking) return broken("a thought in a block of another type");
            const Span text = member_of(delta, "thinking");
            if (!is_text(raw(text))) return {};
            block->text += inside(raw(text));
            tell_text(R"("reasoning_content":")", inside(raw(text)), out);
            if (block == &blocks_.back()) learn(event, text, R"("reasoning_content":")", Kind::thinking);
        } else if (is("signature_delta")) {
            if (block->kind != Kind::thinking) return broken("a signature in a block of another type");
            const std::string_view proof = raw(member_of(delta, "signature"));
            if (is_text(proof)) block->signature += inside(proof);
        } else if (is("input_json_delta")) {
            const std::string_view piece = raw(member_of(delta, "partial_json"));
            if (block->kind == Kind::call) {
                if (is_text(piece)) tell_arguments(*block, inside(piece), out);
            } else if (block->kind == Kind::other) {
                json::append_string(piece, block->input);
            } else {
                return broken("an input in a block of another type");
            }
        } else if (is("citations_delta") && block->kind == Kind::text) {
            const Span citation = member_of(delta, "citation");
            if (!json::is_object(raw(citation))) return {};
            if (!block->citations.empty()) block->citations += ',';
            block->citations += raw(citation);
        }
        return check_held();
    }

    void learn(const http::SseSplitter::Event& event, Span text, std::string_view told, Kind kind) {
        alike_.learn(event, text);
        alike_told_.clear();
        tell(told, alike_told_);
        alike_kind_ = kind;
    }

    Result<void> on_block_stop(std::string& out) {
        if (state_ != State::open) return broken("a block's end before message_start");
        alike_.forget();
        Block* const block = block_at(member("index"));
        if (block == nullptr) return broken("the end of a block that is not open");
        Result<void> finished = finish(*block, out);
        blocks_.erase(blocks_.begin() + (block - blocks_.data()));
        return finished;
    }

    Result<void> finish(Block& block, std::string& out) {
        switch (block.kind) {
            case Kind::text:
                if (!block.citations.empty()) {
                    Citations citations;
                    add_citations(block.citations, block.began, characters_, citations);
                    if (!citations.annotations.empty()) tell_list(R"("annotations":[)", citations.annotations, out);
                    tell_list(R"("citations":[)", citations.raw, out);
                }
                return {};
            case Kind::thinking:
                tell_list(
                    R"("thinking_blocks":[)",
                    R"({"type":"thinking","thinking":")" + block.text + R"(","signature":")" + block.signature + "\"}",
                    out);
                return {};
            case Kind::call:
                if (!block.told) {
                    std::string spelled;
                    json::write_string(block.raw.empty() ? "{}" : block.raw, spelled);
                    tell_arguments(block, inside(spelled), out);
                }
                return {};
            case Kind::other:
                return finish_other(block, out);
        }
        return {};
    }

    Result<void> finish_other(const Block& block, std::string& out) {
        std::string whole = block.raw;
        if (!block.input.empty()) {
            std::vector<json::Member> members;
            if (!json::members(block.input, members)) return broken("an input that is no JSON object");
            const auto input = json::find_member(whole, {0, whole.size()}, "input");
            if (input) {
                whole.replace(input->begin, input->size(), block.input);
            } else {
                whole.insert(whole.size() - 1, R"(,"input":)" + block.input);
            }
        }
        const auto type = json::find_member(whole, {0, whole.size()}, "type");
        const bool thought = type && json::string_equals(type->of(whole), "redacted_thinking");
        tell_list(thought ? R"("thinking_blocks":[)" : R"("server_blocks":[)", whole, out);
        return {};
    }

    Result<void> on_message_delta() {
        if (state_ != State::open) return broken("a message_delta before message_start");
        read_end(data_, member("delta"), end_);
        merge(member("usage"));
        return {};
    }

    // Counts add up over a stream. Servers of others send zeros at its end for what they told at its beginning.
    void merge(Span usage) {
        const Usage before = usage_;
        merge_messages_usage(data_, usage, usage_);
        usage_.input_uncached = std::max(usage_.input_uncached, before.input_uncached);
        usage_.input_cached = std::max(usage_.input_cached, before.input_cached);
        usage_.output = std::max(usage_.output, before.output);
        const Tokens written = before.input_cache_write + before.input_cache_write_1h;
        if (usage_.input_cache_write + usage_.input_cache_write_1h >= written) return;
        usage_.input_cache_write = before.input_cache_write;
        usage_.input_cache_write_1h = before.input_cache_write_1h;
    }

    Result<void> on_stop(std::string& out) {
        if (state_ != State::open) return broken("a message_stop before message_start");
        alike_.forget();
        for (Block& block : blocks_) {
            if (Result<void> finished = finish(block, out); !finished) return finished;
        }
        blocks_.clear();
        if (end_.reason.empty()) return broken("it ended without a stop_reason");
        state_ = State::ended;
        out += "data: " + head_ + R"("choices":[{"index":0,"delta":{},)";
        append_finish(end_, out);
        out += "}]}\n\n";
        if (usage_.reported) {
            out += "data: " + head_ + R"("choices":[],"usage":)";
            append_chat_usage(usage_, out);
            out += "}\n\n";
        }
        out += "data: [DONE]\n\n";
        return {};
    }

    std::size_t held() const {
        std::size_t bytes = 0;
        for (const Block& block : blocks_) bytes += block.held();
        return bytes;
    }
    Result<void> check_held() const {
        if (held() <= kMaxHeld && blocks_.size() <= kMaxOpen) return {};
        return fail(ErrorCode::too_large, "a block of the answer is too large");
    }

    static constexpr std::size_t kMaxOpen = 64;  // blocks; the provider opens one at a time

    const ProviderExchange& exchange_;
    http::SseSplitter splitter_;
    State state_ = State::waiting;
    std::string head_;  // of every chunk
    std::vector<Block> blocks_;
    TextAlike alike_;
    std::string alike_told_;  // what goes before the text of such deltas
    Kind alike_kind_ = Kind::text;
    End end_;
    Usage usage_;
    std::size_t characters_ = 0;  // of the answer's text so far
    std::int64_t calls_ = 0;
    std::int64_t next_index_ = 0;
    std::vector<json::Member> members_;  // of the event that is read
    std::string_view data_;
};

}  // namespace

std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange& exchange) {
    return std::make_unique<Stream>(exchange);
}

}  // namespace weir::wire::anthropic
