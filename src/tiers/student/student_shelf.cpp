#include "tiers/student/student_shelf.h"

#include <algorithm>
#include <utility>

namespace weir::tiers::student {

std::string file_name(const StudentKey& key) {
    std::string text;
    for (const std::string_view part :
         {std::string_view(key.tenant), std::string_view(key.cascade), std::string_view(key.reference)}) {
        text += std::to_string(part.size()) + " ";
        text += part;
    }
    for (const std::uint64_t part : {key.task, key.system, key.response_format}) text += " " + to_hex(part);
    return file_begin(key.tenant, key.task) + to_hex(sha256(text)).substr(0, 16);
}

std::string file_begin(std::string_view tenant) {
    return to_hex(sha256(tenant)).substr(0, 16) + "-";
}

std::string file_begin(std::string_view tenant, std::uint64_t task) {
    return file_begin(tenant) + to_hex(task) + "-";
}

bool ShelvedStudent::heard(std::string_view prompt, std::string_view answer, LabelWatch::Of of,
                           Micros unix_micros) const {
    const bool fits = model->fits(prompt), could_say = fits && model->could_say(prompt, answer);
    const std::lock_guard lock(mutex_);
    // While it is suspicious it answers nothing: then all come here, not those alone that it is not trusted with.
    if (fits) watch_.add(could_say, watch_.suspicious() ? LabelWatch::Of::all : of, unix_micros);
    suspicious_.store(watch_.suspicious(), std::memory_order_relaxed);
    return watch_.alarmed();
}

Micros ShelvedStudent::since() const {
    const std::lock_guard lock(mutex_);
    return watch_.since();
}

NoveltyWatch::Sight ShelvedStudent::saw(const StudentAnswer& answer) const {
    const std::lock_guard lock(mutex_);
    const NoveltyWatch::Sight sight = novelty_.add(answer.novelty, answer.grams);
    if (sight == NoveltyWatch::Sight::alarm) strange_.store(true, std::memory_order_relaxed);
    return sight;
}

void ShelvedStudent::follow(const ShelvedStudent& before) {
    const std::lock_guard lock(before.mutex_);
    watch_ = before.watch_;
    novelty_ = before.novelty_;
    audits_ = before.audits_;
    watch_.expect(model->outside_share());
    suspicious_.store(watch_.suspicious(), std::memory_order_relaxed);
}

void StudentShelf::put(std::shared_ptr<const ShelvedStudent> student) {
    const StudentKey key = student->key;
    const std::lock_guard lock(mutex_);
    auto& place = students_[Place(key.tenant, key.cascade, key.reference, key.task)];
    auto made = place ? std::make_shared<Students>(*place) : std::make_shared<Students>();
    std::erase_if(*made, [&key](const auto& other) { return other->key == key; });
    made->push_back(std::move(student));
    place = std::move(made);
    std::erase(order_, key);
    order_.push_back(key);
    if (order_.size() > kMostStudents) remove(StudentKey(order_.front()));
}

void StudentShelf::take_away(const StudentKey& key) {
    const std::lock_guard lock(mutex_);
    remove(key);
}

void StudentShelf::remove(const StudentKey& key) {
    std::erase(order_, key);
    const auto place = students_.find(Place(key.tenant, key.cascade, key.reference, key.task));
    if (place == students_.end()) return;
    auto made = std::make_shared<Students>(*place->second);
    std::erase_if(*made, [&key](const auto& other) { return other->key == key; });
    if (made->empty()) {
        students_.erase(place);
    } else {
        place->second = std::move(made);
    }
}

bool StudentShelf::take_away_outdated(const ShelvedStudent& student) {
    const StudentKey& key = student.key;
    const std::lock_guard lock(mutex_);
    const auto place = students_.find(Place(key.tenant, key.cascade, key.reference, key.task));
    if (place == students_.end()) return false;
    const auto is_it = [&student](const auto& other) { return other.get() == &student; };
    if (std::none_of(place->second->begin(), place->second->end(), is_it)) return false;
    outdated_.push_back({key, student.since()});
    remove(key);
    return true;
}

std::vector<StudentShelf::Outdated> StudentShelf::outdated() {
    const std::lock_guard lock(mutex_);
    return std::exchange(outdated_, {});
}

std::shared_ptr<const StudentShelf::Students> StudentShelf::find(std::string_view tenant, std::string_view cascade,
                                                                 std::string_view reference, std::uint64_t task) const {
    const std::lock_guard lock(mutex_);
    const auto place = students_.find(std::tuple(tenant, cascade, reference, task));
    return place == students_.end() ? nullptr : place->second;
}

StudentShelf::Students StudentShelf::all() const {
    const std::lock_guard lock(mutex_);
    Students all;
    for (const auto& [place, students] : students_) all.insert(all.end(), students->begin(), students->end());
    return all;
}

}  // namespace weir::tiers::student
