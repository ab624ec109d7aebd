"""The documentation: pages beside this file, what is written from the package's own data, and outputs that are kept.

python -m docs.build               the site, in build/docs/html
python -m docs.record [NAME ...]   runs what the pages show and keeps the outputs
python -m docs.readme              the tables of README.md from the same outputs
"""
