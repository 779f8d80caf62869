-- Where the rows of read models lie. People read the views in schema `heartline` instead.
create schema heartline_projections;
