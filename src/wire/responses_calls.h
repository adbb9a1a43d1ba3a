// The tool calls of a chat stream, put in order: chat sends them in pieces, each with its call's number, and may mix
// them. Thread rule: one owner. Limits: kMaxCalls calls; what waits is for the owner to count.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/scan.h"
#include "wire/object_progress.h"
#include "wire/responses_answer.h"

namespace weir::wire {

// The arguments of a call as the raw inside of a string: some servers send the object itself.
std::string arguments_in(std::string_view raw);

class CallQueue {
  public:
    static constexpr std::size_t kMaxCalls = 1024;  // of an answer

    struct Call {
        std::int64_t number = 0;  // as chat counts them
        std::size_t ordinal = 0;  // as they came, from 0
        response_item::Call item;
        std::string waiting;      // its arguments that the owner has not taken yet, raw, without quotes
        ObjectProgress progress;  // of all its arguments
    };

    // An element of a delta's tool_calls, whose bytes of arguments are returned. Some servers number no call, and some
    // send each whole under the same number: what brings another id is a new call. Error protocol: it goes on
    // with a call that was popped; too_large: one call too many.
    Result<std::size_t> take(json::Walk& piece);

    // The calls in order, the first of them being told.
    bool empty() const { return calls_.empty(); }
    std::size_t size() const { return calls_.size(); }
    Call& front() { return calls_.front(); }
    void pop() { calls_.pop_front(); }

  private:
    struct Piece {
        std::optional<std::int64_t> number;
        std::string_view call_id, name;  // raw; empty: it says nothing
        std::string arguments;           // raw, without quotes
        bool custom = false;
    };
    static Piece read(json::Walk& walk);
    bool is_known(std::int64_t number) const {
        return static_cast<std::size_t>(number) < ids_.size() && ids_[static_cast<std::size_t>(number)].has_value();
    }
    Result<Call*> call_of(const Piece& piece);  // nullptr: one that was popped

    std::deque<Call> calls_;
    std::size_t count_ = 0;  // of all
    // Of the newest call under each number its id, empty where it has none yet; nothing: no call came under it.
    std::vector<std::optional<std::string>> ids_;
};

}  // namespace weir::wire
