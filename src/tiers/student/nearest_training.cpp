// NearestCopy::train: the answers as templates, the inverted index, and how sure to be.
#include <algorithm>
#include <cmath>
#include <map>

#include "learn/certificates.h"
#include "learn/logistic_regression.h"
#include "tiers/student/nearest_copy.h"

namespace weir::tiers::student {
namespace {

constexpr double kCommonWord = 0.2;    // share of the answers in which a word is the answer's own
constexpr double kCommonGram = 0.7;    // share of the slots in which a gram tells nothing ...
constexpr std::size_t kFewRows = 100;  // ... where there are more rows than this
constexpr std::size_t kMostChecked = 1000;
constexpr std::size_t kOfLate = 800;  // the last so many tell how often no other one proposes the answer

}  // namespace

class NearestTrainer {
  public:
    NearestTrainer(std::span<const StudentExample> examples, const std::stop_token& stop) : stop_(stop) {
        for (std::size_t i = examples.size(); i-- > 0 && kept_.size() < kMostCopyRows;) {
            const StudentExample& each = examples[i];
            CopyText text;
            if (each.text.size() > kMostCopySlotBytes || each.answer.size() > kMostCopyAnswerBytes) continue;
            if (text.look(each.text) && text.look(each.answer)) kept_.push_back(each);
        }
        std::reverse(kept_.begin(), kept_.end());
    }

    Result<NearestCopy> run() {
        if (kept_.empty()) return fail(ErrorCode::invalid, "no examples that are short enough to be copied");
        make_rows();
        make_index();
        if (!calibrate()) return fail(ErrorCode::canceled, "training was called off");
        return std::move(student_);
    }

  private:
    void make_rows() {
        std::map<std::string_view, std::size_t> answers;
        CopyTemplate::WordCounts words;
        CopyText slot, answer;
        for (const StudentExample& each : kept_) {
            ++answers[each.answer];
            answer.look(each.answer);
            std::vector<std::uint32_t> own;
            for (const CopyText::Token& token : answer.tokens) own.push_back(token.word);
            std::sort(own.begin(), own.end());
            own.erase(std::unique(own.begin(), own.end()), own.end());
            for (const std::uint32_t word : own) ++words[word];
        }
        const auto most = static_cast<std::size_t>(kCommonWord * static_cast<double>(kept_.size()));
        student_.rows_.resize(kept_.size());
        for (std::size_t i = 0; i < kept_.size(); ++i) {
            NearestCopy::Row& row = student_.rows_[i];
            slot.look(kept_[i].text);
            answer.look(kept_[i].answer);
            // An answer that was given more than once is a label: what it shares with a prompt is by chance.
            row.answer = answers[kept_[i].answer] > 1 ? CopyTemplate::fixed(kept_[i].answer)
                                                      : CopyTemplate::make(slot, answer, words, most);
            if (row.answer.copies()) row.slot = kept_[i].text;
            row.text.look(row.slot);
        }
    }

    void make_index() {
        std::map<std::uint32_t, std::vector<std::uint16_t>> places;
        CopyText slot;
        std::vector<std::vector<std::uint32_t>> grams(kept_.size());
        for (std::size_t i = 0; i < kept_.size(); ++i) {
            slot.look(kept_[i].text);
            copy_grams(slot, grams[i]);
            for (const std::uint32_t gram : grams[i]) places[gram].push_back(static_cast<std::uint16_t>(i));
        }
        const auto rows = static_cast<double>(kept_.size());
        std::vector<double> lengths(kept_.size(), 0);
        const auto rarity = [&](const std::vector<std::uint16_t>& at) {
            const auto count = static_cast<double>(at.size());
            return kept_.size() > kFewRows && count > kCommonGram * rows ? 0 : std::log1p(rows / count);
        };
        for (const auto& [gram, at] : places) {
            for (const std::uint16_t row : at) lengths[row] += rarity(at) * rarity(at);
        }
        for (const auto& [gram, at] : places) {
            const double own = rarity(at);
            for (const std::uint16_t row : at) {
                if (own == 0) break;
                const double weight = own / std::sqrt(lengths[row]);
                student_.postings_.push_back({row, static_cast<std::uint8_t>(std::lround(255 * weight))});
            }
            student_.grams_.push_back(
                {gram, static_cast<std::uint32_t>(student_.postings_.size()), static_cast<float>(own)});
        }
    }

    // False: called off.
    bool calibrate() {
        NearestCopy::Scratch scratch;
        StudentAnswer answer;
        std::vector<learn::ScoredLabel> labelled;
        std::size_t checked = 0, same = 0, late = 0, outside = 0;
        const std::size_t step = 1 + (kept_.size() - 1) / kMostChecked;
        for (std::size_t i = 0; i < kept_.size(); i += step, ++checked) {
            if (stop_.stop_requested()) return false;
            const bool answered = student_.answer(kept_[i].text, i, scratch, answer);
            if (i + kOfLate >= kept_.size()) {
                ++late;
                outside += scratch.proposes(kept_[i].answer) ? 0 : 1;
            }
            if (!answered) continue;
            const bool right = answer.text == kept_[i].answer;
            same += right ? 1 : 0;
            labelled.push_back({scratch.score, right ? 1.0 : 0.0, 1});
        }
        student_.same_unseen_ = static_cast<double>(same) / static_cast<double>(checked);
        student_.least_same_unseen_ = 1 - learn::share_upper_bound(checked - same, checked, 0.05);
        student_.outside_share_ = learn::share_upper_bound(outside, late, 0.05);
        student_.calibration_ = learn::PlattCalibration::fit(labelled);
        const std::size_t wrong = labelled.size() - same;
        if (same == 0 || wrong == 0 || !(student_.calibration_.slope > 0)) {
            // All alike, or its score tells nothing: what was seen on the whole, with one more of each.
            student_.calibration_.slope = 0;
            student_.calibration_.offset = std::log(static_cast<double>(same + 1) / static_cast<double>(wrong + 1));
        }
        return true;
    }

    const std::stop_token& stop_;
    std::vector<StudentExample> kept_;
    NearestCopy student_;
};

Result<NearestCopy> NearestCopy::train(std::span<const StudentExample> examples, const std::stop_token& stop) {
    return NearestTrainer(examples, stop).run();
}

}  // namespace weir::tiers::student
