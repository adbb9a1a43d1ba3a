// A chat stream as the events of Anthropic Messages:
//   message_start (content_block_start content_block_delta* content_block_stop)* message_delta message_stop
// with a ping behind the first block's start. Blocks come one after the other; chat may mix its tool calls' pieces, so
// what belongs to a later block waits until the one before is whole: another block has begun, and, where it is a tool
// call, its arguments' brackets are closed. An answer without an end has none here either.
// Limits: what waits is at most kMaxWaiting bytes.
#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/messages.h"
#include "wire/object_progress.h"
#include "wire/raw_text.h"

namespace weir::wire::messages {
namespace {

using json::Walk;

constexpr std::size_t kMaxWaiting = 4u << 20;
constexpr std::size_t kMaxCalls = 1024;  // tool calls of an answer

class MessagesStream final : public ChunkReader {
  public:
    MessagesStream(const Echo& echo, const std::optional<Usage>& usage) : echo_(echo) {
        if (usage) usage_ = *usage;
    }

  protected:
    Result<void> on_chunk(std::string_view chunk, std::string& out) override {
        std::string_view id;
        std::string_view model;
        json::Span choices;
        bool has_usage = false;
        for (Walk member(chunk, {0, chunk.size()}); member.next();) {
            if (member.key_is("choices")) {
                choices = member.value();
            } else if (member.key_is("id")) {
                id = member.raw();
            } else if (member.key_is("model")) {
                model = member.raw();
            } else if (member.key_is("usage")) {
                const std::optional<Usage> usage = read_usage(chunk, member.value());
                if (usage && usage->reported) usage_ = *usage;
                has_usage = usage.has_value();
            }
        }
        std::size_t count = 0;
        said_ = {};
        says_more_ = false;
        for (Walk choice(chunk, choices); choice.next(); ++count) {
            if (!choice.at_object()) continue;
            const auto index = json::find_member(chunk, choice.value(), "index");
            if (index && json::as_int64(index->of(chunk)).value_or(0) != 0) continue;
            if (!started_) start(id, model, out);
            if (Result<void> read = read_choice(chunk, choice); !read) return read;
        }
        if (count == 1 && !has_usage && !says_more_ && !said_.empty()) says_only(chunk, said_);
        return advance(out);
    }

    Result<void> on_text(std::string_view raw_inside, std::string& out) override {
        add_inside(Kind::text, raw_inside);
        return advance(out);
    }

    Result<void> on_done(std::string& out) override {
        if (!is_text(end_.finish)) return fail(ErrorCode::protocol, "the stream ended without a finish_reason");
        const bool cut = json::string_equals(end_.finish, "length");
        for (Block& block : blocks_) {
            if (block.kind != Kind::call) continue;
            if (block.name.empty()) return fail(ErrorCode::protocol, "the answer calls a tool without a name");
            if (!block.progress.whole() && !block.progress.untouched() && !cut) {
                return fail(ErrorCode::protocol, "the arguments of a tool call in the answer are no JSON object");
            }
        }
        ended_ = true;
        if (Result<void> advanced = advance(out); !advanced) return advanced;
        out += "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{";
        write_end(end_, echo_, out);
        out += R"(},"usage":)";
        write_usage(usage_, out);
        out += "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
        return {};
    }

    void on_error(const ApiError& error, std::string& out) override {
        out += "event: error\ndata: ";
        out += render_error(error, echo_.request_id);
        out += "\n\n";
    }

  private:
    enum class Kind : std::uint8_t { thinking, text, call, redacted };

    struct Block {
        Kind kind = Kind::text;
        std::size_t call = 0;   // its place in calls_
        std::string id, name;   // raw
        std::string waiting;    // as spelled, without quotes; redacted: the block
        std::string signature;  // of thinking, raw
        ObjectProgress progress;
        bool opened = false;
    };
    // A tool call that was seen: chat's number for it. Its block has gone where it is whole.
    struct Call {
        std::int64_t index = 0;
        std::string id;
    };

    void start(std::string_view id, std::string_view model, std::string& out) {
        started_ = true;
        out += "event: message_start\ndata: {\"type\":\"message_start\",\"message\":";
        write_head(id, model, echo_, out);
        out += R"(,"content":[],"stop_reason":null,"stop_sequence":null,"usage":)";
        Usage begun = usage_;
        begun.output = begun.reasoning = 0;
        write_usage(begun, out);
        out += "}}\n\n";
    }

    Result<void> read_choice(std::string_view chunk, Walk& choice) {
        for (Walk member = Walk::inside(choice); member.next();) {
            if (member.key_is("delta") && member.at_object()) {
                if (Result<void> read = read_delta(chunk, member); !read) return read;
            } else if (member.key_is("finish_reason") && is_text(member.raw())) {
                end_.finish = member.raw();
                says_more_ = true;
            } else if (member.key_is("stop_reason") && is_text(member.raw())) {
                end_.stop = member.raw();
                says_more_ = true;
            } else if (member.key_is("native_finish_reason") && is_text(member.raw())) {
                end_.native = member.raw();
                says_more_ = true;
            }
        }
        return {};
    }

    // Thoughts first, then text, then calls, in whichever order one delta has them.
    Result<void> read_delta(std::string_view chunk, Walk& delta) {
        json::Span content;
        json::Span calls;
        json::Span signed_thoughts;
        std::string_view refusal;
        std::string_view thought;
        for (Walk member = Walk::inside(delta); member.next();) {
            if (member.key_is("content")) {
                content = member.value();
            } else if (member.key_is("tool_calls")) {
                calls = member.value();
            } else if (member.key_is("refusal")) {
                refusal = member.raw();
            } else if (member.key_is("reasoning_content") || member.key_is("reasoning")) {
                // Servers that give both say the same twice.
                if (is_text(member.raw()) && thought.empty()) thought = member.raw();
            } else if (member.key_is("thinking_blocks") && member.at_array()) {
                signed_thoughts = member.value();
            } else if (member.key_is("function_call") && member.at_object()) {
                return fail(ErrorCode::protocol, "the answer calls a function, where tools were given");
            }
        }
        if (is_text(content.of(chunk))) said_ = {content.begin + 1, content.end - 1};
        says_more_ |=
            !thought.empty() || is_text(refusal) || json::is_array(calls.of(chunk)) || !signed_thoughts.empty();
        if (!add_signed(chunk, signed_thoughts)) add(Kind::thinking, thought);
        add(Kind::text, content.of(chunk));
        for (Walk part(chunk, content); json::is_array(content.of(chunk)) && part.next();) {
            const auto text = json::find_member(chunk, part.value(), "text");
            if (!text) return fail(ErrorCode::protocol, "the answer has a part that is no text");
            add(Kind::text, text->of(chunk));
        }
        end_.refused |= is_text(refusal);
        add(Kind::text, refusal);
        for (Walk call(chunk, calls); call.next();) {
            if (Result<void> added = add_call(call); !added) return added;
        }
        return {};
    }

    void add(Kind kind, std::string_view raw) {
        if (is_text(raw)) add_inside(kind, raw.substr(1, raw.size() - 2));
    }
    void add_inside(Kind kind, std::string_view text) {
        if (blocks_.empty() || blocks_.back().kind != kind || !blocks_.back().signature.empty()) {
            blocks_.emplace_back().kind = kind;
        }
        blocks_.back().waiting += text;
    }

    // Thoughts with their signatures; false: there are none. They are told whole; the first may be the one that has
    // been told piece by piece before.
    bool add_signed(std::string_view chunk, json::Span thoughts) {
        bool any = false;
        for (Walk one(chunk, thoughts); !thoughts.empty() && one.next();) {
            if (!is_signed_thought(chunk, one.value())) continue;
            const bool first = !std::exchange(any, true);
            const auto proof = json::find_member(chunk, one.value(), "signature");
            if (!proof) {
                Block& block = blocks_.emplace_back();
                block.kind = Kind::redacted;
                block.waiting = one.raw();
                continue;
            }
            const bool begun =
                first && !blocks_.empty() && blocks_.back().kind == Kind::thinking && blocks_.back().signature.empty();
            if (!begun) {
                blocks_.emplace_back().kind = Kind::thinking;
                const auto text = json::find_member(chunk, one.value(), "thinking");
                if (text && is_text(text->of(chunk))) {
                    blocks_.back().waiting = chunk.substr(text->begin + 1, text->size() - 2);
                }
            }
            blocks_.back().signature = proof->of(chunk);
        }
        return any;
    }

    // Where in calls_ a piece belongs. Servers that number nothing, or every call the same, send calls whole: a new id
    // is a new call.
    std::size_t place_of(std::optional<std::int64_t> index, std::string_view id) {
        if (!index) {
            if (!calls_.empty() && (!is_text(id) || id == calls_.back().id)) return calls_.size() - 1;
            index = calls_.empty() ? 0 : calls_.back().index + 1;
        }
        const auto found =
            std::find_if(calls_.rbegin(), calls_.rend(), [&](const Call& call) { return call.index == *index; });
        if (found != calls_.rend() && (!is_text(id) || !is_text(found->id) || id == found->id)) {
            return static_cast<std::size_t>(calls_.rend() - found) - 1;
        }
        calls_.push_back({*index, std::string(id)});
        Block& block = blocks_.emplace_back();
        block.kind = Kind::call;
        block.call = calls_.size() - 1;
        end_.called_tools = true;
        return block.call;
    }

    Result<void> add_call(Walk& call) {
        if (!call.at_object()) return {};
        std::optional<std::int64_t> index;
        std::string_view id;
        std::string_view name;
        std::string arguments;  // raw
        for (Walk member = Walk::inside(call); member.next();) {
            if (member.key_is("index")) {
                index = json::as_int64(member.raw());
            } else if (member.key_is("id")) {
                id = member.raw();
            } else if (member.key_is("function") && member.at_object()) {
                for (Walk part = Walk::inside(member); part.next();) {
                    if (part.key_is("name")) name = part.raw();
                    if (part.key_is("arguments")) arguments = part.raw();
                }
            }
        }
        const std::size_t place = place_of(index, id);
        if (calls_.size() > kMaxCalls) return fail(ErrorCode::too_large, "the answer has too many tool calls");
        if (json::is_object(arguments)) {
            std::string text;
            json::write_string(arguments, text);
            arguments = std::move(text);
        }
        text_.clear();
        json::append_string(arguments, text_);
        const auto block = std::find_if(blocks_.begin(), blocks_.end(),
                                        [&](const Block& one) { return one.kind == Kind::call && one.call == place; });
        if (block == blocks_.end()) {
            if (text_.find_first_not_of(" \t\r\n") == std::string::npos) return {};
            return fail(ErrorCode::protocol, "a tool call in the answer goes on behind its end");
        }
        if (is_text(id) && block->id.empty()) block->id = id;
        if (is_text(name) && block->name.empty()) block->name = name;
        if (text_.empty()) return {};
        block->progress.feed(text_);
        block->waiting += std::string_view(arguments).substr(1, arguments.size() - 2);
        return {};
    }

    // Sends what may be sent.
    Result<void> advance(std::string& out) {
        std::size_t waiting = 0;
        while (!blocks_.empty()) {
            Block& block = blocks_.front();
            if (!block.opened && block.kind == Kind::call && block.name.empty()) break;
            if (!block.opened) open(block, out);
            if (!block.waiting.empty()) write_delta(block, out);
            const bool followed = blocks_.size() > 1 && (block.kind != Kind::call || block.progress.whole());
            if (!followed && !ended_) break;
            if (!block.signature.empty()) write_signature(block, out);
            out += "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":" +
                   std::to_string(closed_++) + "}\n\n";
            blocks_.pop_front();
        }
        for (const Block& block : blocks_) waiting += block.waiting.size();
        if (waiting > kMaxWaiting) return fail(ErrorCode::too_large, "the answer's tool calls are mixed up");
        return {};
    }

    void open(Block& block, std::string& out) {
        block.opened = true;
        out +=
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":" + std::to_string(closed_) +
            R"(,"content_block":)";
        if (block.kind == Kind::text) {
            out += R"({"type":"text","text":""})";
        } else if (block.kind == Kind::thinking) {
            out += R"({"type":"thinking","thinking":"","signature":""})";
        } else if (block.kind == Kind::redacted) {
            out += block.waiting;
            block.waiting.clear();
        } else {
            out += R"({"type":"tool_use","id":)" + call_id(block.id, echo_, block.call) + R"(,"name":)" + block.name +
                   R"(,"input":{}})";
        }
        out += "}\n\n";
        if (!std::exchange(pinged_, true)) out += "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    }

    void write_delta(Block& block, std::string& out) {
        out +=
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":" + std::to_string(closed_) +
            R"(,"delta":)";
        constexpr std::string_view kBegins[] = {R"({"type":"thinking_delta","thinking":")",
                                                R"({"type":"text_delta","text":")",
                                                R"({"type":"input_json_delta","partial_json":")"};
        out += kBegins[static_cast<std::size_t>(block.kind)];
        out += block.waiting;
        out += "\"}}\n\n";
        block.waiting.clear();
    }

    void write_signature(const Block& block, std::string& out) const {
        out +=
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":" + std::to_string(closed_) +
            R"(,"delta":{"type":"signature_delta","signature":)" + block.signature + "}}\n\n";
    }

    const Echo& echo_;
    Usage usage_;
    End end_;
    std::deque<Block> blocks_;  // the first is the open one
    std::vector<Call> calls_;
    std::string text_;
    json::Span said_;         // the inside of the text in the chunk that is being read
    bool says_more_ = false;  // it says something beside that
    std::size_t closed_ = 0;  // blocks
    bool started_ = false;
    bool pinged_ = false;
    bool ended_ = false;
};

}  // namespace

std::unique_ptr<StreamTranslator> stream_from_chat(const Echo& echo, const std::optional<Usage>& usage) {
    return std::make_unique<MessagesStream>(echo, usage);
}

}  // namespace weir::wire::messages
