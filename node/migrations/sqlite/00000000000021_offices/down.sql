DROP TABLE paper_recall;
DROP TABLE referral_sheet;
DROP TABLE referral_office;
DROP TABLE paper;
DROP TABLE office_comune;
DROP TABLE office;
