import Programs
import Testing

extension EndToEndTests {
    /// Every variant of the unconstrained feature model, from the sweep file to the verdict.
    @Suite(.serialized) struct UnconstrainedFeatureTests {
        /// Small, each with an optimum or a verdict that theory knows.
        private static let family = """
            blocks:
              - name: losses
                problem: ufm
                K: 5
                d: 8
                n: 3
                lambda_W: 5e-3
                lambda_H: 2e-3
                bias: none
                kappa: 2
                target: 3
                grid:
                  loss: [cross_entropy, label_smoothing, focal, mse, mse_rescaled]
                  solver: [lbfgs, conjugate_gradient, trust_region]
              - name: unequal classes
                problem: ufm
                K: 4
                d: 6
                lambda: 1e-2
                grid:
                  loss: [cross_entropy, mse]
                  counts: [[6, 6, 3, 1], 'step(3, 0.5)']
                  bias: [none, free]
                n: 6
                solver: trust_region
                where: loss == cross_entropy or bias == none
              - name: spheres and balls
                problem: ufm
                K: 4
                d: 5
                n: 3
                temperature: 2
                E_W: 2
                E_H: 3
                bias: none
                grid:
                  regularization: [spheres, norm_balls]
                  solver: [lbfgs, trust_region]
              - name: fixed frame
                problem: ufm
                K: 4
                d: 5
                n: 3
                classifier: fixed_etf
                lambda_H: 1e-3
                grid: {frame_norm: [1, 4]}
              - name: contrastive
                problem: ufm
                loss: supervised_contrastive
                K: 4
                d: 5
                n: 3
                regularization: spheres
                temperature: 0.5
                solver: trust_region
              - name: several labels
                problem: ufm
                loss: pick_all_label
                label_sets: [4, 1]
                K: 4
                d: 5
                lambda: 2e-3
                bias: none
              - name: deep
                problem: ufm
                loss: mse
                K: 4
                d: 6
                n: 3
                lambda: 2e-3
                bias: none
                start: identity
                initial_scale: 0.8
                grid: {depth: [2, 3]}
              - name: saddles
                problem: landscape
                K: 5
                d: 6
                n: 3
                lambda_W: 5e-3
                lambda_H: 2e-3
                point: saddle
                grid:
                  rank: [0, 1, 2, 3]
                  loss: [cross_entropy, mse]
              - name: points
                problem: landscape
                K: 4
                d: 5
                n: 3
                lambda: 4e-3
                grid:
                  point: [end, origin, optimum]
                  loss: [cross_entropy, mse]
                  eigenvalues: [all, extremes]

            expect:
              - count(state != "done") == 0
              - count(verdict == "contradicts") == 0
              - abs(gap) <= 1e-8 where problem == "ufm"
              - geometry_error <= 1e-6 where problem == "ufm" and defined(geometry_error)
              - verdict == "global" where problem == "ufm" and regularization == "decay"
              - verdict == "saddle" where point == "saddle" or point == "origin"
              - verdict == "global" where point == "optimum" or point == "end"
              - certificate <= 1e-10 where verdict == "global" and defined(certificate)
              - negative_eigenvalues == negative_eigenvalues_predicted where point == "origin" and eigenvalues == "all"
              - zero_eigenvalues == zero_eigenvalues_predicted where point == "optimum" and eigenvalues == "all"
              - abs(escape_curvature - escape_curvature_predicted) <= 1e-10 where defined(escape_curvature_predicted)
              - smallest_eigenvalue <= escape_curvature + 1e-10 where defined(escape_curvature)
            """

        @Test func everyVariantReachesWhatTheoryKnows() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(Self.family, to: "family.yaml")
            let alone = folder.path + "/alone"
            let ending = try Programs.sweep(file, to: alone)
            #expect(ending.code == 0, "\(ending.output)\n\(ending.errors)")
            let shared = folder.path + "/shared"
            _ = try Programs.sweep(file, to: shared, ranks: 3)
            let (one, three) = (try Stored(alone), try Stored(shared))
            #expect(one.trials == three.trials)
            #expect(one.rows == three.rows)
            #expect(one.measurements == three.measurements)
        }

        /// The decomposition adds up, and the central path is seen while there is variation within classes.
        @Test func squaredErrorHasItsDynamics() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(
                """
                problem: ufm
                loss: mse
                K: 3
                d: 4
                n: 6
                lambda: 1e-3
                solver: gradient_descent
                learning_rate: 0.5
                momentum: 0
                steps: 200
                measurements: 8
                """, to: "dynamics.yaml")
            let ending = try Programs.sweep(file, to: folder.path + "/out")
            #expect(ending.code == 0, "\(ending.errors)")
            let series = try Programs.run("ncsweep", ["measurements", folder.path + "/out", "--format", "csv"])
            let rows = CSV.rows(series.output)
            let header = try #require(rows.first)
            var values: [String: [String: Double]] = [:]
            for row in rows.dropFirst() {
                let cells = Dictionary(uniqueKeysWithValues: zip(header, row))
                values[cells["step"] ?? "", default: [:]][cells["metric"] ?? ""] = Double(cells["value"] ?? "")
            }
            #expect(values.count == 8 + 1)
            for (step, metrics) in values {
                let parts = ["loss_nc1", "loss_nc2_nc3", "loss_off_path"].compactMap { metrics[$0] }
                let objective = try #require(metrics["objective"])
                // The objective has the decay of the features besides.
                #expect(
                    parts.count == 3 && parts.reduce(0, +) < objective && parts.allSatisfy { $0 >= -1e-12 }, "\(step)")
                #expect(metrics["central_path_invariant"] != nil, "\(step)")
            }
            let final = try Stored(folder.path + "/out").rows.values.first ?? [:]
            let featuresNorm = try #require(Double(final["features_norm"] ?? ""))
            let last = try #require(values["200"])
            let sum = ["loss_nc1", "loss_nc2_nc3", "loss_off_path"].reduce(0) { $0 + (last[$1] ?? .nan) }
            #expect(abs(sum + 5e-4 * featuresNorm * featuresNorm - last["objective"]!) < 1e-9)
        }

        /// Hidden layers are measured one by one, what the classifier reads in the results.
        @Test func hiddenLayersHaveSeriesOfTheirOwn() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(
                """
                problem: ufm
                K: 3
                d: 4
                n: 4
                lambda: 1e-3
                depth: 3
                hidden_width: 5
                activation: relu
                steps: 50
                """, to: "deep.yaml")
            let ending = try Programs.sweep(file, to: folder.path + "/out")
            #expect(ending.code == 0, "\(ending.errors)")
            let series = try Programs.run(
                "ncsweep", ["measurements", folder.path + "/out", "--metric", "nc1", "--format", "csv"])
            let rows = CSV.rows(series.output)
            let layer = try #require(rows.first?.firstIndex(of: "layer"))
            #expect(Set(rows.dropFirst().map { $0[layer] }) == ["features", "hidden.1", "hidden.2"])
        }
    }
}
