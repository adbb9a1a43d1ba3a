// The students in service, by whose requests they answer. One tenant's student never answers another's: it was made of
// that tenant's examples alone.
// Thread rule: any thread; a look-up takes a lock for a moment and copies a pointer. Limits: kMostStudents; the one put
// first goes.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "base/units.h"
#include "learn/spaced_coins.h"
#include "tiers/student/label_watch.h"
#include "tiers/student/novelty_watch.h"
#include "tiers/student/student.h"

namespace weir::tiers::student {

// Whose requests: of one tenant, with one reference, of one task, under one instruction and one form of answers
// (store::example_digest() of each; a task that the caller names may have several).
struct StudentKey {
    std::string tenant, cascade, reference;
    std::uint64_t task = 0, system = 0, response_format = 0;
    auto tie() const { return std::tie(tenant, cascade, reference, task, system, response_format); }
    friend bool operator<(const StudentKey& a, const StudentKey& b) { return a.tie() < b.tie(); }
    friend bool operator==(const StudentKey& a, const StudentKey& b) { return a.tie() == b.tie(); }
};
// Digits of hashes: the tenant's, the task, and of the whole key; `file_begin` of all students of a tenant's task.
std::string file_name(const StudentKey& key);
std::string file_begin(std::string_view tenant);
std::string file_begin(std::string_view tenant, std::uint64_t task);

class ShelvedStudent {
  public:
    ShelvedStudent(StudentKey whose, std::shared_ptr<const Student> made, Micros unix_micros)
        : key(std::move(whose)), model(std::move(made)), trained_unix_micros(unix_micros) {
        watch_.expect(model->outside_share());
    }

    const StudentKey key;
    const std::shared_ptr<const Student> model;
    const Micros trained_unix_micros;

    // What the reference said to a request that came then. True: it has come to say what this student can't
    // (label_watch.h).
    bool heard(std::string_view prompt, std::string_view answer, LabelWatch::Of of, Micros unix_micros) const;
    // It may have: nobody should be served by it, nor another one be trained, until that is clear.
    bool suspicious() const { return suspicious_.load(std::memory_order_relaxed); }
    Micros since() const;  // when that began
    // A text that it was asked about. Anything but usual: it should not answer (novelty_watch.h).
    NoveltyWatch::Sight saw(const StudentAnswer& answer) const;
    // The texts have become other ones, so what is known of the task does not count any more; told once.
    bool take_strange() const { return strange_.exchange(false, std::memory_order_relaxed); }
    // Whether an answer that was served is audited, which it is to be with this probability; `random`: uniform in
    // [0, 1). Evenly over time (learn/spaced_coins.h), so that no change stays unheard for long.
    bool audit_falls(double share, double random) const {
        const std::lock_guard lock(mutex_);
        return audits_.falls(share, random);
    }
    // What the one before it has heard and seen counts on.
    void follow(const ShelvedStudent& before);

  private:
    mutable std::mutex mutex_;
    mutable LabelWatch watch_;
    mutable NoveltyWatch novelty_;
    mutable learn::SpacedCoins audits_;
    mutable std::atomic<bool> suspicious_ = false, strange_ = false;
};

class StudentShelf {
  public:
    static constexpr std::size_t kMostStudents = 1'000;

    void put(std::shared_ptr<const ShelvedStudent> student);
    void take_away(const StudentKey& key);
    // The same where the reference has come to say something else; told once by outdated(). False: it is not in service
    // any more, somebody else was quicker or another one has taken its place.
    bool take_away_outdated(const ShelvedStudent& student);
    struct Outdated {
        StudentKey key;
        Micros since;  // what the reference said before does not count any more
        friend bool operator==(const Outdated&, const Outdated&) = default;
    };
    std::vector<Outdated> outdated();
    // Those of a task, whatever its instruction and form.
    using Students = std::vector<std::shared_ptr<const ShelvedStudent>>;
    std::shared_ptr<const Students> find(std::string_view tenant, std::string_view cascade, std::string_view reference,
                                         std::uint64_t task) const;
    Students all() const;

  private:
    using Place = std::tuple<std::string, std::string, std::string, std::uint64_t>;
    struct Less {
        using is_transparent = void;
        template <typename A, typename B>
        bool operator()(const A& a, const B& b) const {
            return std::get<3>(a) != std::get<3>(b) ? std::get<3>(a) < std::get<3>(b) : names(a) < names(b);
        }
        template <typename A>
        static auto names(const A& a) {
            return std::tuple<std::string_view, std::string_view, std::string_view>(std::get<0>(a), std::get<1>(a),
                                                                                    std::get<2>(a));
        }
    };

    void remove(const StudentKey& key);  // with the lock

    mutable std::mutex mutex_;
    std::map<Place, std::shared_ptr<const Students>, Less> students_;
    std::deque<StudentKey> order_;  // as they were put, each once
    std::vector<Outdated> outdated_;
};

}  // namespace weir::tiers::student
