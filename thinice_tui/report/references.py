"""The works that a methods paragraph names, as BibTeX entries by their keys."""

from thinice_tui.version import package_version


def _entry(kind: str, key: str, **fields: str) -> str:
    lines = [f"  {name:<9} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def bibtex(keys: tuple[str, ...]) -> str:
    """The entries of `keys`, in their order, each once."""
    return "\n\n".join(_entry(WORKS[key][0], key, **WORKS[key][1]) for key in dict.fromkeys(keys))


WORKS: dict[str, tuple[str, dict[str, str]]] = {
    "thinicetui": (
        "software",
        {
            "author": "{The thinice-tui developers}",
            "title": "thinice-tui: which samples pruning costs a neural network under attack",
            "version": package_version(),
        },
    ),
    "piras2023samples": (
        "inproceedings",
        {
            "author": "Piras, Giorgio and Pintor, Maura and Demontis, Ambra and Biggio, Battista",
            "title": "Samples on Thin Ice: Re-evaluating Adversarial Pruning of Neural Networks",
            "booktitle": "International Conference on Machine Learning and Cybernetics (ICMLC)",
            "year": "2023",
            "note": "arXiv:2310.08073",
        },
    ),
    "madry2018towards": (
        "inproceedings",
        {
            "author": "Madry, Aleksander and Makelov, Aleksandar and Schmidt, Ludwig and Tsipras, Dimitris and "
            "Vladu, Adrian",
            "title": "Towards Deep Learning Models Resistant to Adversarial Attacks",
            "booktitle": "International Conference on Learning Representations (ICLR)",
            "year": "2018",
            "note": "arXiv:1706.06083",
        },
    ),
    "croce2020reliable": (
        "inproceedings",
        {
            "author": "Croce, Francesco and Hein, Matthias",
            "title": "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks",
            "booktitle": "International Conference on Machine Learning (ICML)",
            "year": "2020",
            "note": "arXiv:2003.01690",
        },
    ),
    "croce2020minimally": (
        "inproceedings",
        {
            "author": "Croce, Francesco and Hein, Matthias",
            "title": "Minimally Distorted Adversarial Examples with a Fast Adaptive Boundary Attack",
            "booktitle": "International Conference on Machine Learning (ICML)",
            "year": "2020",
            "note": "arXiv:1907.02044",
        },
    ),
    "croce2021mind": (
        "inproceedings",
        {
            "author": "Croce, Francesco and Hein, Matthias",
            "title": "Mind the Box: $l_1$-APGD for Sparse Adversarial Attacks on Image Classifiers",
            "booktitle": "International Conference on Machine Learning (ICML)",
            "year": "2021",
            "note": "arXiv:2103.01208",
        },
    ),
    "andriushchenko2020square": (
        "inproceedings",
        {
            "author": "Andriushchenko, Maksym and Croce, Francesco and Flammarion, Nicolas and Hein, Matthias",
            "title": "Square Attack: A Query-Efficient Black-Box Adversarial Attack via Random Search",
            "booktitle": "European Conference on Computer Vision (ECCV)",
            "year": "2020",
            "note": "arXiv:1912.00049",
        },
    ),
    "xie2025towards": (
        "inproceedings",
        {
            "author": "Xie, Yong and Zheng, Weijie and Huang, Hanxun and Ye, Guangnan and Ma, Xingjun",
            "title": "Towards Million-Scale Adversarial Robustness Evaluation with Stronger Individual Attacks",
            "booktitle": "Conference on Computer Vision and Pattern Recognition (CVPR)",
            "year": "2025",
            "note": "arXiv:2411.15210",
        },
    ),
    "gao2022fast": (
        "inproceedings",
        {
            "author": "Gao, Ruize and Wang, Jiongxiao and Zhou, Kaiwen and Liu, Feng and Xie, Binghui and Niu, Gang "
            "and Han, Bo and Cheng, James",
            "title": "Fast and Reliable Evaluation of Adversarial Robustness with Minimum-Margin Attack",
            "booktitle": "International Conference on Machine Learning (ICML)",
            "year": "2022",
        },
    ),
    "tramer2019adversarial": (
        "inproceedings",
        {
            "author": "Tram{\\`e}r, Florian and Boneh, Dan",
            "title": "Adversarial Training and Robustness for Multiple Perturbations",
            "booktitle": "Advances in Neural Information Processing Systems (NeurIPS)",
            "year": "2019",
            "note": "arXiv:1904.13000",
        },
    ),
    "pintor2021fast": (
        "inproceedings",
        {
            "author": "Pintor, Maura and Roli, Fabio and Brendel, Wieland and Biggio, Battista",
            "title": "Fast Minimum-norm Adversarial Attacks through Adaptive Norm Constraints",
            "booktitle": "Advances in Neural Information Processing Systems (NeurIPS)",
            "year": "2021",
            "note": "arXiv:2102.12827",
        },
    ),
    "pintor2022indicators": (
        "inproceedings",
        {
            "author": "Pintor, Maura and Demetrio, Luca and Sotgiu, Angelo and Demontis, Ambra and Carlini, Nicholas "
            "and Biggio, Battista and Roli, Fabio",
            "title": "Indicators of Attack Failure: Debugging and Improving Optimization of Adversarial Examples",
            "booktitle": "Advances in Neural Information Processing Systems (NeurIPS)",
            "year": "2022",
            "note": "arXiv:2106.09947",
        },
    ),
    "yan2021positive": (
        "inproceedings",
        {
            "author": "Yan, Sijie and Xiong, Yuanjun and Kundu, Kaustav and Yang, Shuo and Deng, Siqi and Wang, Meng "
            "and Xia, Wei and Soatto, Stefano",
            "title": "Positive-Congruent Training: Towards Regression-Free Model Updates",
            "booktitle": "Conference on Computer Vision and Pattern Recognition (CVPR)",
            "year": "2021",
            "note": "arXiv:2011.09161",
        },
    ),
    "salmon2011parallel": (
        "inproceedings",
        {
            "author": "Salmon, John K. and Moraes, Mark A. and Dror, Ron O. and Shaw, David E.",
            "title": "Parallel Random Numbers: As Easy as 1, 2, 3",
            "booktitle": "International Conference for High Performance Computing, Networking, Storage and Analysis "
            "(SC)",
            "year": "2011",
        },
    ),
    "wilson1927probable": (
        "article",
        {
            "author": "Wilson, Edwin B.",
            "title": "Probable Inference, the Law of Succession, and Statistical Inference",
            "journal": "Journal of the American Statistical Association",
            "volume": "22",
            "year": "1927",
        },
    ),
    "newcombe2006confidence": (
        "article",
        {
            "author": "Newcombe, Robert G.",
            "title": "Confidence Intervals for an Effect Size Measure Based on the {Mann--Whitney} Statistic. Part 2: "
            "Asymptotic Methods and Evaluation",
            "journal": "Statistics in Medicine",
            "volume": "25",
            "pages": "559--573",
            "year": "2006",
        },
    ),
    "delong1988comparing": (
        "article",
        {
            "author": "DeLong, Elizabeth R. and DeLong, David M. and Clarke-Pearson, Daniel L.",
            "title": "Comparing the Areas under Two or More Correlated Receiver Operating Characteristic Curves: A "
            "Nonparametric Approach",
            "journal": "Biometrics",
            "volume": "44",
            "pages": "837--845",
            "year": "1988",
        },
    ),
    "mann1947test": (
        "article",
        {
            "author": "Mann, Henry B. and Whitney, Donald R.",
            "title": "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other",
            "journal": "The Annals of Mathematical Statistics",
            "volume": "18",
            "pages": "50--60",
            "year": "1947",
        },
    ),
    "efron1979bootstrap": (
        "article",
        {
            "author": "Efron, Bradley",
            "title": "Bootstrap Methods: Another Look at the Jackknife",
            "journal": "The Annals of Statistics",
            "volume": "7",
            "pages": "1--26",
            "year": "1979",
        },
    ),
    "bonett2012adjusted": (
        "article",
        {
            "author": "Bonett, Douglas G. and Price, Robert M.",
            "title": "Adjusted {Wald} Confidence Interval for a Difference of Binomial Proportions Based on Paired "
            "Data",
            "journal": "Journal of Educational and Behavioral Statistics",
            "volume": "37",
            "pages": "479--488",
            "year": "2012",
        },
    ),
    "mantel1959statistical": (
        "article",
        {
            "author": "Mantel, Nathan and Haenszel, William",
            "title": "Statistical Aspects of the Analysis of Data from Retrospective Studies of Disease",
            "journal": "Journal of the National Cancer Institute",
            "volume": "22",
            "pages": "719--748",
            "year": "1959",
        },
    ),
    "hooker2019what": (
        "article",
        {
            "author": "Hooker, Sara and Courville, Aaron and Clark, Gregory and Dauphin, Yann and Frome, Andrea",
            "title": "What Do Compressed Deep Neural Networks Forget?",
            "journal": "arXiv preprint arXiv:1911.05248",
            "year": "2019",
        },
    ),
    "bahadur1966note": (
        "article",
        {
            "author": "Bahadur, R. R.",
            "title": "A Note on Quantiles in Large Samples",
            "journal": "The Annals of Mathematical Statistics",
            "volume": "37",
            "pages": "577--580",
            "year": "1966",
        },
    ),
    "fisher1922interpretation": (
        "article",
        {
            "author": "Fisher, Ronald A.",
            "title": "On the Interpretation of $\\chi^2$ from Contingency Tables, and the Calculation of {P}",
            "journal": "Journal of the Royal Statistical Society",
            "volume": "85",
            "pages": "87--94",
            "year": "1922",
        },
    ),
    "holm1979simple": (
        "article",
        {
            "author": "Holm, Sture",
            "title": "A Simple Sequentially Rejective Multiple Test Procedure",
            "journal": "Scandinavian Journal of Statistics",
            "volume": "6",
            "pages": "65--70",
            "year": "1979",
        },
    ),
    "wright1991exact": (
        "book",
        {
            "author": "Wright, Tommy",
            "title": "Exact Confidence Bounds when Sampling from Small Finite Universes",
            "series": "Lecture Notes in Statistics",
            "volume": "66",
            "publisher": "Springer",
            "year": "1991",
        },
    ),
    "mcnemar1947note": (
        "article",
        {
            "author": "McNemar, Quinn",
            "title": "Note on the Sampling Error of the Difference between Correlated Proportions or Percentages",
            "journal": "Psychometrika",
            "volume": "12",
            "year": "1947",
        },
    ),
}
"""Kind of entry and its fields, by key."""
