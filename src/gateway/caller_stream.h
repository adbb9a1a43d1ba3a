// An upstream's stream as one caller is to see it: its events as they are, or in the words of the caller's own API; and
// the chat stream that it is, whatever API the upstream has.
// Thread rule: one request, one reactor; lives shorter than its ChatLife. Limits: wire::ChatStream's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/chat_life.h"
#include "gateway/native_stream.h"
#include "wire/chat_answer.h"
#include "wire/provider_form.h"
#include "wire/stream_ending.h"

namespace weir::gateway {

class CallerStream {
  public:
    // Of a chat stream.
    CallerStream(const ChatLife& life, const wire::ChatStream::Options& options) : chat_(options) {
        if (life.dialect != nullptr) translator_ = life.dialect->stream_from_chat(life.foreign->echo, std::nullopt);
    }
    // Of the stream of another API.
    CallerStream(const ChatLife& life, const wire::ChatStream::Options& options,
                 std::unique_ptr<wire::ProviderStream> provider)
        : CallerStream(life, options) {
        provider_ = std::move(provider);
    }
    // That API is the caller's own: its events go on as they are (NativeStream).
    void pass_events_of(const wire::ProviderForm& form, bool hide_usage) {
        native_.emplace(&form, hide_usage);
        native_api_ = form.name();
    }
    // cut() may be called, so what it has to know is kept from now on. `asks_usage`: the caller wants it in chat's
    // streams and those like them.
    void may_be_cut(bool asks_usage) {
        if (native_) {
            ending_ = wire::ending_of(native_api_, asks_usage);
        } else {
            ending_ = wire::ending_of("openai.chat", asks_usage || translator_);
        }
    }

    // Takes bytes of the upstream's stream, appends what the caller gets of them. Errors: those of ChatStream, of
    // StreamTranslator and of ProviderStream.
    Result<void> feed(std::string_view bytes, std::string& out) {
        if (!provider_) {
            fed_ = bytes;
            return show(bytes, out);
        }
        chat_events_.clear();
        Result<void> fed = provider_->feed(bytes, chat_events_);
        fed_ = chat_events_;
        if (!native_) {
            Result<void> shown = show(chat_events_, out);
            return shown ? fed : shown;
        }
        const std::size_t before = out.size();
        Result<void> passed = native_->feed(bytes, out);
        if (ending_) ending_->feed(std::string_view(out).substr(before));
        events_.clear();
        Result<void> read = chat_.feed(chat_events_, events_);
        if (!passed) return passed;
        return read ? fed : read;
    }
    // The upstream's body has ended. Errors: closed, where its stream has not.
    Result<void> end(std::string& out) {
        if (!provider_) return fail(ErrorCode::closed, "the upstream's stream ended before its [DONE]");
        chat_events_.clear();
        if (Result<void> ended = provider_->end(chat_events_); !ended) return ended;
        fed_ = chat_events_;
        if (!native_) return show(chat_events_, out);
        events_.clear();
        return chat_.feed(chat_events_, events_);
    }
    // Its last events, as of an answer that has come to its limit on tokens, in the place of what the upstream still
    // sends (half an event of it may have been fed). False: it can't be cut now, and goes on.
    bool cut(const wire::Usage& usage, std::string& out) {
        if (!ending_) return false;
        if (native_ || !translator_) return ending_->end(usage, out);
        events_.clear();
        return ending_->end(usage, events_) && translator_->feed(events_, out);
    }
    // What the last call of these took, as chat.
    std::string_view fed() const { return fed_; }

    // The event that tells the caller that no more comes, unless one of the upstream's own has told it.
    void break_off(const wire::ApiError& error, std::string& out) {
        if (native_ && chat_.failed()) return;
        if (native_ && translator_) {
            native_->break_off(*translator_, error, out);
        } else if (translator_) {
            translator_->break_off(error, out);
        } else if (!chat_.failed()) {
            out += wire::render_error_event(error);
        }
    }
    const wire::ChatStream& chat() const { return chat_; }
    // As reported by the stream's end, or what was counted until it broke off.
    wire::Usage counted() const { return chat_.usage().reported || !provider_ ? chat_.usage() : provider_->so_far(); }

  private:
    // Chat events to the caller.
    Result<void> show(std::string_view bytes, std::string& out) {
        const std::size_t before = out.size();
        events_.clear();
        Result<void> fed = chat_.feed(bytes, translator_ ? events_ : out);
        if (ending_) ending_->feed(translator_ ? std::string_view(events_) : std::string_view(out).substr(before));
        if (!translator_) return fed;
        Result<void> told = translator_->feed(events_, out);
        return fed ? told : fed;
    }

    wire::ChatStream chat_;
    std::unique_ptr<wire::StreamTranslator> translator_;  // null: the caller speaks chat
    std::unique_ptr<wire::ProviderStream> provider_;      // null: the upstream speaks chat
    std::optional<NativeStream> native_;                  // with provider_
    std::string_view native_api_;                         // with native_
    std::unique_ptr<wire::StreamEnding> ending_;          // of what the caller gets, or the translator
    std::string chat_events_, events_;
    std::string_view fed_;
};

}  // namespace weir::gateway
