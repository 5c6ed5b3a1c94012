DROP TABLE referral_event;
DROP TABLE referral;
