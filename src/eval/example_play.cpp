#include "eval/example_play.h"

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "tiers/model/example_source.h"

namespace weir::eval {
namespace {

constexpr std::size_t kGrowth = 8;  // an eighth

// Of one task and instruction.
struct Course {
    std::vector<tiers::ExampleIndex::Example> examples;
    std::unordered_map<std::string_view, const StudentRow*> rows;  // the latest, by prompt
    std::size_t next = 1;
    std::shared_ptr<const tiers::ExampleIndex> index;
};

std::string_view vote_of(const tiers::ExampleIndex& index, const std::vector<tiers::ExampleIndex::Near>& shown) {
    std::map<std::string_view, double> votes;
    for (const auto& near : shown) votes[index.entry(near).answer] += static_cast<double>(near.similarity);
    return std::max_element(votes.begin(), votes.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
}

}  // namespace

ExampleSummary play_examples(const std::vector<StudentRow>& rows, const ExamplePlay& play,
                             const std::function<void(const ShownRows&)>& visit) {
    std::map<std::pair<std::string, std::string>, Course> courses;
    ExampleSummary summary;
    std::vector<double> nearest;
    std::vector<tiers::ExampleIndex::Near> near;
    for (std::size_t number = 0; number < rows.size(); ++number) {
        const StudentRow& row = rows[number];
        Course& course = courses[{row.task, row.system}];
        if (course.examples.size() >= course.next) {
            course.index = tiers::ExampleIndex::make(course.examples);
            course.next = course.examples.size() + 1 + course.examples.size() / kGrowth;
        }
        if (number >= play.from) {
            ++summary.rows;
            ShownRows shown{row.id, {}};
            std::vector<tiers::ExampleIndex::Near> chosen;
            if (course.index) {
                course.index->nearest(row.prompt, static_cast<Micros>(number), play.showing.least_similarity, near);
                chosen = tiers::chosen(*course.index, near, play.showing);
            }
            for (const auto& each : chosen) {
                const auto& entry = course.index->entry(each);
                shown.rows.push_back({course.rows.at(entry.prompt)->id, static_cast<double>(each.similarity)});
                summary.tokens += static_cast<double>(tiers::tokens_of(entry));
            }
            if (!chosen.empty()) {
                ++summary.shown;
                summary.examples += static_cast<double>(chosen.size());
                nearest.push_back(static_cast<double>(chosen.back().similarity));
                summary.nearest_same += course.index->entry(chosen.back()).answer == row.answer ? 1 : 0;
                summary.vote_same += vote_of(*course.index, chosen) == row.answer ? 1 : 0;
            }
            visit(shown);
        }
        course.examples.push_back({row.prompt, row.answer, static_cast<Micros>(number)});
        course.rows[row.prompt] = &row;
    }
    if (summary.shown == 0) return summary;
    for (double* const sum : {&summary.examples, &summary.tokens, &summary.nearest_same, &summary.vote_same}) {
        *sum /= static_cast<double>(summary.shown);
    }
    const auto middle = nearest.begin() + static_cast<std::ptrdiff_t>(nearest.size() / 2);
    std::nth_element(nearest.begin(), middle, nearest.end());
    summary.similarity = *middle;
    return summary;
}

}  // namespace weir::eval
