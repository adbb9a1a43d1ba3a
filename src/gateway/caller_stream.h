// A chat stream as one caller is to see it: its events as they are, or in the words of the caller's own API.
// Thread rule: one request, one reactor; lives shorter than its ChatLife. Limits: wire::ChatStream's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/chat_life.h"
#include "wire/chat_answer.h"

namespace weir::gateway {

class CallerStream {
  public:
    CallerStream(const ChatLife& life, const wire::ChatStream::Options& options) : chat_(options) {
        if (life.dialect != nullptr) translator_ = life.dialect->stream_from_chat(life.foreign->echo, std::nullopt);
    }

    // Takes bytes of the chat stream, appends what the caller gets of them. Errors: ChatStream's, StreamTranslator's.
    Result<void> feed(std::string_view bytes, std::string& out) {
        return translator_ ? translate(bytes, out) : chat_.feed(bytes, out);
    }
    // The event that tells the caller that no more comes, unless one of the upstream's own has told it.
    void break_off(const wire::ApiError& error, std::string& out) {
        if (translator_) {
            translator_->break_off(error, out);
        } else if (!chat_.failed()) {
            out += wire::render_error_event(error);
        }
    }
    const wire::ChatStream& chat() const { return chat_; }

  private:
    Result<void> translate(std::string_view bytes, std::string& out) {
        events_.clear();
        const Result<void> fed = chat_.feed(bytes, events_);
        Result<void> told = translator_->feed(events_, out);
        return fed ? told : fed;
    }

    wire::ChatStream chat_;
    std::unique_ptr<wire::StreamTranslator> translator_;  // null: the caller speaks chat
    std::string events_;
};

}  // namespace weir::gateway
