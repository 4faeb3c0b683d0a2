#include "analysis/transport.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <numeric>
#include <vector>

namespace rnnfarm::analysis {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Successive shortest paths with potentials (for equal sizes the method of Jonker and Volgenant
// 1987). Masses are whole numbers: a row sends m / gcd(n, m) units, a column takes n / gcd(n, m).
class Flow {
 public:
  explicit Flow(const Matrix& cost)
      : n_(static_cast<int>(cost.rows())),
        m_(static_cast<int>(cost.cols())),
        cost_(static_cast<size_t>(n_) * m_),
        units_(cost_.size(), 0),
        supply_(n_, m_ / std::gcd(n_, m_)),
        demand_(m_, n_ / std::gcd(n_, m_)),
        row_potential_(n_),
        column_potential_(m_),
        row_distance_(n_),
        column_distance_(m_),
        column_before_(n_),
        row_before_(m_) {
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < m_; ++j) cost_[At(i, j)] = cost(i, j);
    }
  }

  Matrix Solve() {
    ReducePrices();
    SendWhereFree();
    for (int i = 0; i < n_; ++i) {
      while (supply_[i] > 0) Send(i, NearestOpenColumn(i));
    }
    const double total = static_cast<double>(n_) * (m_ / std::gcd(n_, m_));
    Matrix plan(n_, m_);
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < m_; ++j) plan(i, j) = units_[At(i, j)] / total;
    }
    return plan;
  }

 private:
  size_t At(int i, int j) const { return static_cast<size_t>(i) * m_ + j; }

  // At least 0 but for rounding, and 0 where there is flow.
  double ReducedCost(int i, int j) const {
    return std::max(0.0, cost_[At(i, j)] - row_potential_[i] - column_potential_[j]);
  }

  void ReducePrices() {
    for (int j = 0; j < m_; ++j) {
      double least = kInfinity;
      for (int i = 0; i < n_; ++i) least = std::min(least, cost_[At(i, j)]);
      column_potential_[j] = least;
    }
    for (int i = 0; i < n_; ++i) {
      double least = kInfinity;
      for (int j = 0; j < m_; ++j) least = std::min(least, cost_[At(i, j)] - column_potential_[j]);
      row_potential_[i] = least;
    }
  }

  void SendWhereFree() {
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < m_ && supply_[i] > 0; ++j) {
        if (demand_[j] == 0 || ReducedCost(i, j) > 0) continue;
        const int sent = std::min(supply_[i], demand_[j]);
        Move(i, j, sent);
        supply_[i] -= sent;
        demand_[j] -= sent;
      }
    }
  }

  void Move(int i, int j, int units) { units_[At(i, j)] += units; }

  void Reach(int i, int through_column, double distance) {
    row_distance_[i] = distance;
    column_before_[i] = through_column;
    for (int j : open_) {
      const double length = distance + ReducedCost(i, j);
      if (length >= column_distance_[j]) continue;
      column_distance_[j] = length;
      row_before_[j] = i;
    }
  }

  // Dijkstra's algorithm from row `source` to a column that takes more; the potentials then make
  // every edge of the path free.
  int NearestOpenColumn(int source) {
    std::fill(row_distance_.begin(), row_distance_.end(), kInfinity);
    std::fill(column_distance_.begin(), column_distance_.end(), kInfinity);
    open_.resize(m_);
    std::iota(open_.begin(), open_.end(), 0);
    closed_.clear();
    Reach(source, -1, 0);
    while (true) {
      const auto nearest = std::min_element(open_.begin(), open_.end(), [this](int a, int b) {
        return column_distance_[a] < column_distance_[b];
      });
      assert(nearest != open_.end());
      const int column = *nearest;
      const double distance = column_distance_[column];
      if (demand_[column] > 0) {
        Reprice(distance);
        return column;
      }
      open_.erase(nearest);
      closed_.push_back(column);
      for (int i = 0; i < n_; ++i) {
        if (units_[At(i, column)] > 0 && row_distance_[i] == kInfinity) Reach(i, column, distance);
      }
    }
  }

  void Reprice(double distance) {
    for (int i = 0; i < n_; ++i) {
      if (row_distance_[i] < kInfinity) row_potential_[i] += distance - row_distance_[i];
    }
    for (int j : closed_) column_potential_[j] -= distance - column_distance_[j];
  }

  // As much as the path from `source` to `column` holds.
  void Send(int source, int column) {
    int sent = std::min(supply_[source], demand_[column]);
    for (int i = row_before_[column]; i != source; i = row_before_[column_before_[i]]) {
      sent = std::min(sent, units_[At(i, column_before_[i])]);
    }
    supply_[source] -= sent;
    demand_[column] -= sent;
    for (int j = column, i = row_before_[j];; j = column_before_[i], i = row_before_[j]) {
      Move(i, j, sent);
      if (i == source) return;
      Move(i, column_before_[i], -sent);
    }
  }

  int n_, m_;
  std::vector<double> cost_;
  std::vector<int> units_;
  std::vector<int> supply_, demand_;  // what is left to send and to take
  std::vector<double> row_potential_, column_potential_;
  std::vector<double> row_distance_, column_distance_;  // of the search under way
  std::vector<int> column_before_, row_before_;
  std::vector<int> open_, closed_;
};

}  // namespace

Transport OptimalTransport(const Matrix& cost) {
  assert(cost.size() > 0);
  Transport out;
  out.plan = Flow(cost).Solve();
  out.cost = cost.cwiseProduct(out.plan).sum();
  return out;
}

}  // namespace rnnfarm::analysis
