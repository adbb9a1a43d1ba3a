// The gate of a cache tier for one task: which score is enough to serve a hit, so that at most a promised share of the
// served hits is wrong.
//   1. Before there is proof, what scores at least `prior_threshold` is served (a threshold learned elsewhere).
//   2. Look-ups whose outcome is revealed (free on a miss, paid for by an audit of a hit) are kept in a window.
//      Whenever they have grown enough a threshold is certified from them (certificates.h); occasion n uses
//      6 / (pi n)^2 of alpha, so all certificates for scores of one model hold together and the loosest is used, until
//      the window has none of the look-ups left that it was proven by: then the newest certificate takes its place,
//      also where that is stricter, and where there is none the gate is without proof again (but no looser for it).
//      With a new model (rescored()) it begins anew. Where hits are revealed less often than misses, outcomes are
//      weighted by strata of the score (post-stratification: look-ups in the stratum / revealed ones, at most 5: that
//      errs on the safe side as long as higher scores are not wrong more often).
//   3. HitMonitor watches the audits. When it finds the promise broken the gate closes and its window is emptied: it
//      opens again only on a certificate from what was revealed afterwards (all look-ups are misses then, so that costs
//      nothing). To tell a false share of q from a promise of p takes it about ln(6 run_length) / KL(q, p) audits:
//      680 for 5 % instead of 2 %, 55 for 16 %.
// Assumed between two refutations: look-ups to come are like those in the window.
// Thread rule: one owner. Limits: `window` look-ups of 8 bytes; a certificate takes milliseconds, with many hits of
// unequal weights and an allowance seconds, every now and then: not on a reactor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "learn/certificates.h"
#include "learn/hit_monitor.h"

namespace weir::learn {

class HitGate {
  public:
    struct Options {
        double promise = 0.02;  // bound on the wrong share among served hits, in (0, 1)
        double alpha = 0.05;    // the chance that a certificate is wrong; the monitor has as much again
        double prior_threshold = std::numeric_limits<double>::infinity();
        // Scores from here on come from other evidence than the others (rules, not a model). They are served while the
        // gate is not closed. The others are certified on outcomes of their own, but may be wrong so much more often as
        // the certain ones leave of the promise: it is on all hits. Of the certain ones a share of
        // `certain_wrong_before` is taken to be wrong, seen in kCertainSeenBefore hits, and what their audits say is
        // added to that. Closed, the gate opens for them alone if they are certified by themselves.
        double certain = std::numeric_limits<double>::infinity();
        double certain_wrong_before = 0.005;
        std::size_t window = 20'000;    // look-ups
        std::size_t first_proof = 150;  // revealed look-ups before the first certificate is tried
        double proof_growth = 1.6;      // revealed look-ups since the last try, as a factor, before the next
        double least_audit = 0.01;      // see HitMonitor
    };
    enum class State : std::uint8_t { prior, proven, closed };

    enum class Outcome : std::uint8_t { unknown, right, wrong };
    struct LookUp {
        float score = 0;
        Outcome outcome = Outcome::unknown;
    };

    explicit HitGate(const Options& options);

    double threshold() const { return threshold_; }  // infinity: nothing is served
    State state() const { return state_; }
    bool serves(double score) const { return score >= threshold_; }

    // A look-up was judged; outcome unknown so far. Give every one whose best candidate has a score, served or not.
    // The id is for revealed(); it stays good for `window` further look-ups.
    std::uint64_t looked_up(double score);
    // Its outcome. `audit_probability`: that with which this hit was chosen for audit; none: it was a miss.
    // Call it once for each id at most; forgotten ids are ignored.
    void revealed(std::uint64_t id, bool wrong, std::optional<double> audit_probability);

    // Scores mean something else from now on (a new model made them): these look-ups, oldest first, scored by models
    // that had not seen their outcomes, take the place of the window, and the threshold is certified anew. Earlier ids
    // are forgotten.
    void rescored(std::span<const LookUp> look_ups);

    // As if the monitor had found the promise broken: nothing is served until what is revealed from now on proves it.
    void close();

    std::uint64_t proofs() const { return proofs_; }      // certificates tried
    std::uint64_t closures() const { return closures_; }  // times the promise was refuted
    // The false share seen in the window among what the threshold serves, weighted; none where nothing was seen.
    std::optional<double> seen_false_share() const;
    const HitMonitor& monitor() const { return monitor_; }

  private:
    std::vector<LabelledHit> weighted() const;
    double left_by_certain() const;
    std::uint64_t seen() const { return first_id_ + window_.size(); }
    void plan_next_proof();
    void certify();

    Options options_;
    HitMonitor monitor_;
    std::deque<LookUp> window_;
    std::uint64_t first_id_ = 0;  // of window_.front()
    double threshold_;
    State state_ = State::prior;
    std::uint64_t proven_at_ = 0;  // seen() when threshold_ was certified
    std::uint64_t occasion_ = 0, proofs_ = 0, closures_ = 0;
    std::size_t revealed_ = 0, next_proof_;  // revealed since the window was last emptied
};

}  // namespace weir::learn
