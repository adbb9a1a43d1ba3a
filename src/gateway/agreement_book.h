// What was seen of how answers are compared, task by task: which form told, and how often the reference agrees with
// itself. All lanes share it. Thread rule: any thread (a lock held for a few stores). Limits: kMost tasks, beyond that
// new ones are not noted; all is forgotten at the end of the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "cascade/agreement.h"

namespace weir::gateway {

class AgreementBook {
  public:
    static constexpr std::size_t kMost = 10'000;

    struct Counts {
        std::uint64_t agree = 0, differ = 0, undecided = 0;
        std::uint64_t all() const { return agree + differ + undecided; }
    };
    struct View {
        std::uint64_t task = 0;
        cascade::AgreementForm form = cascade::AgreementForm::automatic;  // as set for the last pair
        std::map<std::string_view, Counts> by;                            // "choice", "number", "judge", ...
        std::string_view commonest() const;                               // of `by`; empty: nothing was compared
        // The reference was asked again, and its second answer compared with its first like a tier's.
        std::uint64_t repeats = 0, repeats_worse = 0;
    };

    // `how`: a literal.
    void compared(std::uint64_t task, cascade::AgreementForm form, std::string_view how, cascade::Agreed agreed);
    // Whether the reference is to be asked again about a request of the task: at most `most` times; counted as asked.
    bool take_repeat(std::uint64_t task, std::uint64_t most);
    void give_repeat_back(std::uint64_t task);  // nothing came of it
    void repeated(std::uint64_t task, bool worse);

    std::vector<View> views() const;  // by task

  private:
    struct Page {
        View view;
        std::uint64_t asked = 0;  // repeats, those under way too
    };
    Page* page(std::uint64_t task);  // with the lock; nullptr: there are too many

    mutable std::mutex mutex_;
    std::map<std::uint64_t, Page> pages_;
};

}  // namespace weir::gateway
